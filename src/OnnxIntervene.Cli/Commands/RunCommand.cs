using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Runs a configuration and shows the top tokens before and after.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var command = new Command(
            "run",
            "Run a configuration: top tokens before and after, at the last position or at the mask. Example: onnx-intervene run --config swap.json --base \"The Eiffel Tower is located in the city of\" --source \"The Space Needle is located in the city of\"");
        var (model, texts) = (new ModelOptions(), new TextOptions());
        var config = new Option<string>("--config") { Description = "The configuration as JSON: the short form (schemas/interventions.schema.json), or pyvene's with unit_locations, subspaces, coefficients, source_representations and parameters beside it.", Required = true };
        var top = new Option<int>("--top") { Description = "How many tokens to show.", DefaultValueFactory = _ => 10 };
        var explain = new Option<bool>("--explain") { Description = "Tell first, on stderr, which tensors and nodes are touched, what is opened, and what each run is fed." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        model.AddTo(command);
        texts.AddTo(command, sources: true);
        command.Add(config);
        command.Add(top);
        command.Add(explain);
        command.Add(json);
        command.SetAction((arguments, cancellation) =>
        {
            var file = RunFile.Read(arguments.GetValue(config)!);
            using var loaded = model.Load(arguments, file.Config);
            var tokens = texts.Base(arguments, loaded);
            var (inputs, sources) = (ModelInputs.FromTokens(tokens), texts.Sources(arguments, loaded));
            if (arguments.GetValue(explain))
                ExplanationReport.Write(Terminal.Of(arguments).Error, loaded.Explain(inputs, sources, file.UnitLocations, file.Settings), arguments.GetValue(json));
            var result = loaded.Run(inputs, sources, file.UnitLocations, file.Settings, cancellation);
            Write(Terminal.Of(arguments), Rank(loaded, tokens, result, arguments.GetValue(top)), arguments.GetValue(json));
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }

    private static Outcome Rank(IntervenableModel model, IReadOnlyList<int> tokens, RunResult result, int count)
    {
        if (result.Intervened.Logits.Shape.Length != 3)
            throw new InterventionException($"The model's first output is {result.Intervened.Logits}; logits [batch, position, vocabulary] are needed to rank tokens.");
        var position = model.HasTokenizer && model.Tokenizer.MaskToken is { } mask && tokens.Contains(mask) ? tokens.ToList().IndexOf(mask) : tokens.Count - 1;
        return new Outcome(
            position,
            TokenRanking.Of(result.Original!.LogitsAt(0, position).Span, count, model.TokenText),
            TokenRanking.Of(result.Intervened.LogitsAt(0, position).Span, count, model.TokenText));
    }

    private static void Write(Terminal terminal, Outcome outcome, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteLine(JsonText.Of(new { outcome.Position, Before = outcome.Before.Tokens, After = outcome.After.Tokens }));
            return;
        }

        terminal.WriteTable(
            ["before", "", "after", ""],
            outcome.Before.Tokens.Zip(outcome.After.Tokens, (before, after) =>
                new[] { $"'{before.Text}'", $"{before.Probability:P2}", $"'{after.Text}'", $"{after.Probability:P2}" }));
    }

    private sealed record Outcome(int Position, TokenRanking Before, TokenRanking After);
}
