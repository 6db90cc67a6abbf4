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

    private readonly PatienceOptions _patience = new("the training of a cell");

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
        _boundary.Validators.Add(NumberOptions.RequireNotNegative);
        _kind.AddTo(command);
        foreach (var option in new Option[] { _rank, _temperature, _boundary })
            command.Add(option);
        _patience.AddTo(command);
        command.Add(_checkpoint);
        _learning.AddTo(command);
    }

    public uint Seed(ParseResult arguments) => _learning.Seed(arguments);

    public AlignmentRequest Request(ParseResult arguments, InterchangeDataSet training, InterchangeDataSet test)
    {
        var (learnt, aside) = _patience.Parts(arguments, training, Seed(arguments));
        return new AlignmentRequest
        {
            Training = learnt,
            HeldOut = aside,
            Patience = _patience.Patience(arguments),
            MeasureEvery = _patience.MeasureEvery(arguments),
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
