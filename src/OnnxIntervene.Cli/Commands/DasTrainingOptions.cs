using System.CommandLine;
using System.Globalization;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Training;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How the rotations of an alignment search are trained.</summary>
internal sealed class DasTrainingOptions
{
    private readonly LearningOptions _learning = new(5e-3);

    private readonly KindOption _kind = new(
        "What is trained, by pyvene's name: LowRankRotatedSpaceIntervention, RotatedSpaceIntervention, "
            + "BoundlessRotatedSpaceIntervention, SigmoidMaskIntervention, SigmoidMaskRotatedSpaceIntervention; the "
            + "ending may be left out. Default: a rotation of --rank dimensions."
    );

    private readonly Option<string?> _temperature = new("--temperature")
    {
        Description = "From what to what soft masks cool, for the kinds that have one: 50,0.1, the default.",
    };

    private readonly Option<double> _boundary = new("--boundary-weight")
    {
        Description = "What Boundless adds to the loss for each boundary, times its boundary.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<int?> _patience = new("--patience")
    {
        Description =
            "End the training of a cell after so many measurements without a better accuracy on a part of the "
            + "training's examples that is kept aside, and take the best. Default: take all steps.",
    };

    private readonly Option<double> _aside = new("--keep-aside")
    {
        Description = "The share of the training's examples that is kept aside for --patience, between 0 and 1.",
        DefaultValueFactory = _ => 0.1,
    };

    private readonly Option<int?> _every = new("--measure-every")
    {
        Description = "Steps between two measurements for --patience. Default: one pass over the examples.",
    };

    private readonly Option<int> _rank = new("--rank")
    {
        Description = "How many rotated dimensions each variable gets.",
        DefaultValueFactory = _ => 32,
    };

    private readonly Option<int> _checkpoint = new("--checkpoint-every-layers")
    {
        Description =
            "Keep the output of one in so many layers for the way back, and compute the rest a second time: less "
            + "memory, more time. 0 keeps everything.",
        DefaultValueFactory = _ => 0,
    };

    public void AddTo(Command command)
    {
        _rank.Validators.Add(result => NumberOptions.Require(result, 1, int.MaxValue));
        _checkpoint.Validators.Add(result => NumberOptions.Require(result, 0, int.MaxValue));
        foreach (var option in new[] { _patience, _every })
            option.Validators.Add(result => NumberOptions.Require(result, 1, int.MaxValue));
        _boundary.Validators.Add(NumberOptions.RequireNotNegative);
        _kind.AddTo(command);
        foreach (var option in new Option[] { _rank, _temperature, _boundary, _patience, _aside, _every, _checkpoint })
            command.Add(option);
        _learning.AddTo(command);
        command.Validators.Add(result =>
        {
            foreach (var option in new Option[] { _aside, _every })
            {
                if (result.GetValue(_patience) is null && result.GetResult(option) is { Implicit: false })
                    result.AddError($"{option.Name} is for {_patience.Name}, which is not given.");
            }
        });
    }

    public uint Seed(ParseResult arguments) => _learning.Seed(arguments);

    public AlignmentRequest Request(ParseResult arguments, InterchangeDataSet training, InterchangeDataSet test)
    {
        var (learnt, aside) = Parts(arguments, training);
        return new AlignmentRequest
        {
            Training = learnt,
            HeldOut = aside,
            Patience = arguments.GetValue(_patience),
            MeasureEvery = arguments.GetValue(_every),
            Test = test,
            Kind = _kind.Read(arguments),
            Rank = arguments.GetValue(_rank),
            Steps = _learning.Steps(arguments),
            BatchSize = _learning.Batch(arguments),
            Seed = Seed(arguments),
            Options = _learning.Options(arguments) with
            {
                KeepsEveryLayers = arguments.GetValue(_checkpoint),
                Temperature = Temperature(arguments),
                BoundaryWeight = arguments.GetValue(_boundary),
            },
        };
    }

    private (InterchangeDataSet Learnt, InterchangeDataSet? Aside) Parts(ParseResult arguments, InterchangeDataSet all)
    {
        if (arguments.GetValue(_patience) is null)
            return (all, null);
        try
        {
            return all.Split(arguments.GetValue(_aside), Seed(arguments));
        }
        catch (InterventionException fault)
        {
            throw new InterventionException($"{_aside.Name}: {fault.Message}", fault);
        }
    }

    private TemperatureSchedule? Temperature(ParseResult arguments)
    {
        if (arguments.GetValue(_temperature) is not { } text)
            return null;
        var numbers = text.Split(',').Select(part => Number(part.Trim())).ToList();
        return numbers is [{ } start, { } end]
            ? new TemperatureSchedule(start, end)
            : throw new InterventionException(
                $"{_temperature.Name}: '{text}' is not two positive numbers with a comma between, such as 50,0.1."
            );
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number)
        && number > 0
            ? number
            : null;
}
