using System.CommandLine;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How the rotations of an alignment search are trained.</summary>
internal sealed class DasTrainingOptions
{
    private static readonly string[] s_schedules = ["linear", "cosine", "constant"];

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
        foreach (var option in new Option[] { _rank, _steps, _batch, _rate, _schedule, _seed, _checkpoint })
            command.Add(option);
    }

    public uint Seed(ParseResult arguments) => (uint)arguments.GetValue(_seed);

    public AlignmentRequest Request(ParseResult arguments, InterchangeDataSet training, InterchangeDataSet test) =>
        new()
        {
            Training = training,
            Test = test,
            Rank = arguments.GetValue(_rank),
            Steps = arguments.GetValue(_steps),
            BatchSize = arguments.GetValue(_batch),
            Seed = Seed(arguments),
            Options = new TrainingOptions
            {
                Optimizer = new Adam(arguments.GetValue(_rate)),
                KeepsEveryLayers = arguments.GetValue(_checkpoint),
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
