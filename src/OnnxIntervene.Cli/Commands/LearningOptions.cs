using System.CommandLine;
using OnnxIntervene.IR;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How anything is trained: steps, batches, the learning rate and its schedule, and what trains.</summary>
internal sealed class LearningOptions
{
    private static readonly string[] s_schedules = ["linear", "cosine", "constant"];

    private readonly Option<int> _steps = new("--steps")
    {
        Description = "How many steps the training takes; of a search, that of each cell.",
        DefaultValueFactory = _ => 200,
    };

    private readonly Option<int> _batch = new("--batch")
    {
        Description = "How many examples a step learns from.",
        DefaultValueFactory = _ => 32,
    };

    private readonly Option<double> _rate;

    private readonly Option<string> _schedule = new("--schedule")
    {
        Description = $"How the learning rate falls: {string.Join(", ", s_schedules)}.",
        DefaultValueFactory = _ => s_schedules[0],
    };

    private readonly Option<int> _seed = new("--seed")
    {
        Description = "What rotations, the order of examples and what is held out are drawn from.",
        DefaultValueFactory = _ => 0,
    };

    private readonly Option<string> _engine = EngineOption.Create();

    /// <param name="rate">The learning rate where none is given.</param>
    public LearningOptions(double rate) =>
        _rate = new("--learning-rate") { Description = "The learning rate of Adam.", DefaultValueFactory = _ => rate };

    public void AddTo(Command command)
    {
        foreach (var option in new[] { _steps, _batch })
            option.Validators.Add(result => NumberOptions.Require(result, 1, int.MaxValue));
        _seed.Validators.Add(result => NumberOptions.Require(result, 0, int.MaxValue));
        foreach (var option in new Option[] { _steps, _batch, _rate, _schedule, _seed, _engine })
            command.Add(option);
    }

    public int Steps(ParseResult arguments) => arguments.GetValue(_steps);

    public int Batch(ParseResult arguments) => arguments.GetValue(_batch);

    public uint Seed(ParseResult arguments) => (uint)arguments.GetValue(_seed);

    /// <summary>The optimiser and its schedule.</summary>
    /// <exception cref="InterventionException">There is no such schedule.</exception>
    public TrainingOptions Options(ParseResult arguments) =>
        new()
        {
            Optimizer = new Adam(arguments.GetValue(_rate)),
            Schedule = arguments.GetValue(_schedule) switch
            {
                "linear" => LearningRateSchedule.Linear(0),
                "cosine" => LearningRateSchedule.Cosine(0),
                "constant" => LearningRateSchedule.Constant,
                var other => throw new InterventionException(
                    $"{_schedule.Name}: there is no '{other}'; the schedules are {string.Join(", ", s_schedules)}."
                ),
            },
        };
}
