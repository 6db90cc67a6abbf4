using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Ablation;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Ablation.</summary>
internal sealed class AblateCommand
{
    private static readonly ImmutableSortedDictionary<string, AblationKind> s_kinds =
        ImmutableSortedDictionary.CreateRange<string, AblationKind>([
            new("zero", AblationKind.Zero),
            new("mean", AblationKind.Mean),
            new("position-mean", AblationKind.PositionMean),
            new("resample", AblationKind.Resample),
        ]);

    private readonly ModelOptions _model = new();
    private readonly SweepRunOptions _runs = new();
    private readonly ReportOptions _output = new("ablate");
    private readonly StudyPromptOptions _prompts = new(hasCorrupt: false);
    private readonly UnitOptions _units = new("head_attention_value_output");
    private readonly MetricOptions _metrics = new(Metric.LogProbability);
    private readonly Option<string> _kind = new("--with")
    {
        Description =
            "What takes a component's place: zero; mean, over every position of every prompt; position-mean, over "
            + "prompts "
            + "at the same position; resample, the values of another prompt of the same length.",
        DefaultValueFactory = _ => "mean",
    };
    private readonly Option<int> _seed = new("--seed")
    {
        Description = "Chooses the other prompts of resample.",
        DefaultValueFactory = _ => 0,
    };

    public static Command Create() => new AblateCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "ablate",
            "Ablation: what does the answer lose without a head, a layer's feed-forward or a position? Example: "
                + "onnx-intervene ablate --clean \"A young salmon is called a\" --answer \" fry\" --with zero. Many "
                + "prompts: onnx-intervene ablate --prompts facts.jsonl --component mlp_output --with resample"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        _units.AddTo(command);
        command.Add(_kind);
        command.Add(_seed);
        _metrics.AddTo(command);
        _runs.AddTo(command);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var kind = Kind(arguments);
        using var loaded = _model.Load(arguments);
        var request = new AblationRequest
        {
            Prompts = _prompts.Read(arguments, loaded),
            Components = _units.Components(arguments),
            Layers = _units.Layers(arguments),
            Units = _units.Units(arguments),
            Positions = _units.Positions(arguments),
            PositionNames = _units.PositionNames(arguments),
            Kind = kind,
            Seed = arguments.GetValue(_seed),
            Metrics = _metrics.Read(arguments),
        };
        return new StudyRun<GridResult>(_runs, _output)
        {
            Verb = "Ablating",
            Plan = options => AblationSweep.Plan(loaded, request, options, cancellation),
            Run = (options, progress) => AblationSweep.Run(loaded, request, progress, options, cancellation),
            Progress = journals => AblationSweep.Progress(loaded, request, journals),
            Merge = journals => AblationSweep.Merge(loaded, request, journals),
            Report = (result, _) => AblationReport.Create(request, arguments.GetValue(_kind)!, result, loaded),
        }.Execute(arguments, cancellation);
    }

    private AblationKind Kind(ParseResult arguments) =>
        s_kinds.TryGetValue(arguments.GetValue(_kind)!, out var kind)
            ? kind
            : throw new InterventionException(
                $"{_kind.Name}: there is no '{arguments.GetValue(_kind)}'; choose one of "
                    + $"{string.Join(", ", s_kinds.Keys)}."
            );
}
