using System.CommandLine;
using System.Globalization;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How the rotations of an alignment search are trained.</summary>
internal sealed class DasTrainingOptions
{
    private static readonly string[] s_schedules = ["linear", "cosine", "constant"];

    private readonly Option<string?> _kind = new("--kind")
    {
        Description =
            "What is trained, by pyvene's name: LowRankRotatedSpaceIntervention, RotatedSpaceIntervention, "
            + "BoundlessRotatedSpaceIntervention, SigmoidMaskIntervention, SigmoidMaskRotatedSpaceIntervention; the "
            + "ending may be left out. Default: a rotation of --rank dimensions.",
    };

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

    private readonly Option<int> _steps = new("--steps")
    {
        Description = "How many steps the training of each cell takes.",
        DefaultValueFactory = _ => 200,
    };

    private readonly Option<int> _batch = new("--batch")
    {
        Description = "How many examples a step learns from.",
        DefaultValueFactory = _ => 32,
    };

    private readonly Option<double> _rate = new("--learning-rate")
    {
        Description = "The learning rate of Adam.",
        DefaultValueFactory = _ => 5e-3,
    };

    private readonly Option<string> _schedule = new("--schedule")
    {
        Description = $"How the learning rate falls: {string.Join(", ", s_schedules)}.",
        DefaultValueFactory = _ => s_schedules[0],
    };

    private readonly Option<int> _checkpoint = new("--checkpoint-every-layers")
    {
        Description =
            "Keep the output of one in so many layers for the way back, and compute the rest a second time: less "
            + "memory, more time. 0 keeps everything.",
        DefaultValueFactory = _ => 0,
    };

    private readonly Option<string> _engine = EngineOption.Create();

    private readonly Option<int> _seed = new("--seed")
    {
        Description = "What rotations, the order of examples and what is held out are drawn from.",
        DefaultValueFactory = _ => 0,
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option<int>[] { _rank, _steps, _batch })
            option.Validators.Add(result => NumberOptions.Require(result, 1, int.MaxValue));
        foreach (var option in new[] { _seed, _checkpoint })
            option.Validators.Add(result => NumberOptions.Require(result, 0, int.MaxValue));
        foreach (var option in new[] { _patience, _every })
            option.Validators.Add(result => NumberOptions.Require(result, 1, int.MaxValue));
        _boundary.Validators.Add(NumberOptions.RequireNotNegative);
        foreach (var option in new Option[] { _kind, _temperature, _boundary, _patience, _aside, _every })
            command.Add(option);
        foreach (var option in new Option[] { _rank, _steps, _batch, _rate, _schedule, _seed, _checkpoint, _engine })
            command.Add(option);
    }

    public uint Seed(ParseResult arguments) => (uint)arguments.GetValue(_seed);

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
            Kind = Kind(arguments),
            Rank = arguments.GetValue(_rank),
            Steps = arguments.GetValue(_steps),
            BatchSize = arguments.GetValue(_batch),
            Seed = Seed(arguments),
            Options = new TrainingOptions
            {
                Optimizer = new Adam(arguments.GetValue(_rate)),
                KeepsEveryLayers = arguments.GetValue(_checkpoint),
                Temperature = Temperature(arguments),
                BoundaryWeight = arguments.GetValue(_boundary),
                Schedule = arguments.GetValue(_schedule) switch
                {
                    "linear" => LearningRateSchedule.Linear(0),
                    "cosine" => LearningRateSchedule.Cosine(0),
                    "constant" => LearningRateSchedule.Constant,
                    var other => throw new InterventionException(
                        $"{_schedule.Name}: there is no '{other}'; the schedules are {string.Join(", ", s_schedules)}."
                    ),
                },
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

    private InterventionType? Kind(ParseResult arguments)
    {
        try
        {
            return arguments.GetValue(_kind) is { } name ? InterventionType.Parse(name) : null;
        }
        catch (FormatException fault)
        {
            throw new InterventionException($"{_kind.Name}: {fault.Message}", fault);
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
