using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Circuits;
using OnnxIntervene.Studies.Metrics;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Edge attribution, and the circuit of the best edges, measured by runs.</summary>
internal sealed class CircuitCommand
{
    private const int UsualSteps = 5;
    private const double UsualShare = 0.9;

    private readonly ModelOptions _model = new();
    private readonly ReportOptions _output = new("circuit");
    private readonly StudyPromptOptions _prompts = new();
    private readonly Option<string> _metric = new("--metric")
    {
        Description =
            "What is measured: "
            + $"{string.Join(", ", Metric.All.Where(metric => metric.HasGradient).Select(metric => metric.Name))}.",
        DefaultValueFactory = _ => Metric.LogitDifference.Name,
    };
    private readonly Option<int> _steps = new("--steps")
    {
        Description =
            "How many points of the way from the clean to the corrupt embeddings gradients are averaged over (EAP-IG); "
            + "0 for the gradient of the clean run alone (EAP).",
        HelpName = "count",
        DefaultValueFactory = _ => UsualSteps,
    };
    private readonly Option<int?> _edges = new("--edges")
    {
        Description = "The circuit of this many best edges. Default: the smallest that keeps the share of --keep.",
        HelpName = "count",
    };
    private readonly Option<double> _keep = new("--keep")
    {
        Description = "The share of the metric that the circuit has to keep, between 0 and 1.",
        HelpName = "share",
        DefaultValueFactory = _ => UsualShare,
    };

    public static Command Create() => new CircuitCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "circuit",
            "Edge attribution: which heads and feed-forwards act on which others? Every edge is scored by gradients "
                + "(EAP, EAP-IG); the circuit of the best ones is measured by runs in which all others are patched. "
                + "Example: onnx-intervene circuit --clean \"A young salmon is called a\" --corrupt \"A young elephant "
                + "is called a\" --answer \" fry\" --wrong \" calf\". Many prompts: onnx-intervene circuit --prompts "
                + "pairs.jsonl --edges 50"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        foreach (var option in new Option[] { _metric, _steps, _edges, _keep })
            command.Add(option);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var (edges, keep, steps) = (arguments.GetValue(_edges), arguments.GetValue(_keep), arguments.GetValue(_steps));
        if (edges < 1)
            throw new InterventionException($"{_edges.Name}: {edges} edges make no circuit; give 1 or more.");
        if (!(keep > 0 && keep <= 1))
            throw new InterventionException($"{_keep.Name}: {keep} is not a share; give a number above 0, up to 1.");
        if (steps < 0)
            throw new InterventionException($"{_steps.Name}: {steps} is not a number of steps; give 0 or more.");
        using var model = _model.Load(arguments);
        var request = new CircuitRequest
        {
            Prompts = _prompts.Read(arguments, model),
            Metric = Metric.Parse(arguments.GetValue(_metric)!),
            Steps = steps,
        };
        var journals = new StudyJournals(arguments, _output);
        var scores = journals.Run(
            null,
            "Scoring edges",
            (journal, progress) => EdgeAttribution.Run(model, request, progress, journal, cancellation)
        );
        var measured = journals.Run(
            "runs",
            "Patching edges",
            (journal, progress) =>
                edges is { } count
                    ? CircuitFaithfulness.Measure(model, request, [scores.Best(count)], progress, journal, cancellation)
                    : CircuitFaithfulness.Search(model, request, scores, keep, progress, journal, cancellation)
        );
        var found = edges is null ? measured.First(one => one.Keeps(keep)) : measured[0];
        var report = CircuitReport.Create(model, request, scores, measured, found);
        _output.Publish(arguments, report, cancellation);
        journals.Delete();
        if (!_output.IsJson(arguments))
            StudyText.Write(Terminal.Of(arguments), report);
        return Task.FromResult(ExitCodes.Done);
    }
}
