using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The logit lens, and direct logit attribution.</summary>
internal sealed class LogitLensCommand
{
    private readonly ModelOptions _model = new();
    private readonly ReportOptions _output = new("logit-lens");
    private readonly ReadingPromptOptions _prompts = new();
    private readonly Option<string[]> _metrics = new("--metric")
    {
        Description =
            $"What is measured: {string.Join(", ", Metric.All.Select(metric => metric.Name))}; may be repeated. "
            + "Default: what the answers allow, of logit-difference, probability, rank and kl.",
    };
    private readonly Option<string?> _positions = new("--positions")
    {
        Description =
            "Where: all, last, numbers as in 0-3,5, or names in the file of prompts as in subject,last. Default: all "
            + "of one prompt, the last token of many.",
    };
    private readonly Option<bool> _attribution = new("--attribution")
    {
        Description =
            "Also tell what each layer's attention and feed-forward, and each head, adds to the answer's logit, or to "
            + "the logit difference: at the last token, or the one position of --positions.",
    };

    public static Command Create() => new LogitLensCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "logit-lens",
            "The logit lens (nostalgebraist 2020): what would the model answer after each layer? Example: "
                + "onnx-intervene logit-lens --prompt \"A young salmon is called a\" --answer \" fry\" --wrong \" "
                + "calf\" --attribution. Without a tokenizer: onnx-intervene logit-lens model.onnx --prompt-ids "
                + "32,1862,17 --answer-id 351"
        );
        _model.AddTo(command);
        _prompts.AddTo(command, hasAnswers: true);
        foreach (var option in new Option[] { _metrics, _positions, _attribution })
            command.Add(option);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        ImmutableArray<Metric> metrics = [.. (arguments.GetValue(_metrics) ?? []).Distinct().Select(Metric.Parse)];
        var positions = arguments.GetValue(_positions) is { } text ? PromptPositions.Parse(text) : null;
        using var model = _model.Load(arguments);
        var prompts = _prompts.Read(arguments, model);
        var request = new LogitLensRequest
        {
            Prompts = prompts,
            Positions = positions ?? (prompts.Length == 1 ? PromptPositions.All : PromptPositions.Last),
            Metrics = metrics.IsEmpty ? Defaults(prompts) : metrics,
        };
        var attributed = arguments.GetValue(_attribution)
            ? new LogitAttributionRequest { Prompts = prompts, Position = positions ?? PromptPositions.Last }
            : null;
        if (attributed is not null && prompts.Any(prompt => prompt.Answer is null))
            throw new InterventionException("--attribution needs the answer of every prompt: its logit is attributed.");
        var journals = new StudyJournals(arguments, _output);
        var attribution = attributed is null
            ? null
            : journals.Run(
                "attribution",
                "Attributing",
                (journal, progress) => LogitAttribution.Run(model, attributed, progress, journal, cancellation)
            );
        var lens = journals.Run(
            null,
            "Reading",
            (journal, progress) => LogitLens.Run(model, request, progress, journal, cancellation)
        );
        var report = new LensReport(model, prompts, lens, attribution).Create();
        _output.Publish(arguments, report, cancellation);
        journals.Delete();
        if (!_output.IsJson(arguments))
            StudyText.Write(Terminal.Of(arguments), report);
        return Task.FromResult(ExitCodes.Done);
    }

    private static ImmutableArray<Metric> Defaults(ImmutableArray<StudyPrompt> prompts)
    {
        var (hasAnswer, hasWrong) = (
            prompts.All(prompt => prompt.Answer is not null),
            prompts.All(prompt => prompt.Wrong is not null)
        );
        Metric[] all = [Metric.LogitDifference, Metric.Probability, Metric.Rank, Metric.Divergence];
        return [.. all.Where(metric => (hasAnswer || !metric.NeedsAnswer) && (hasWrong || !metric.NeedsWrong))];
    }
}
