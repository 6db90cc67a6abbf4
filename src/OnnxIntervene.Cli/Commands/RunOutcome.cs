using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What a run computed, to be shown and saved.</summary>
internal sealed record RunOutcome
{
    private RunOutcome() { }

    private ImmutableArray<ComparedOutput> Compared { get; init; }

    private ImmutableArray<OtherOutput> LeftOut { get; init; }

    private ImmutableArray<string> Caches { get; init; }

    private ImmutableArray<NumericArray> Collected { get; init; }

    private ImmutableArray<string> InputWarnings { get; init; } = [];

    // Of the first output that holds no labels; none where that ranks nothing.
    private OutputRanking? Ranking { get; init; }

    // Numbers that only the interventions made infinite, or no numbers.
    private ImmutableArray<string> Warnings =>
        [
            .. InputWarnings,
            .. Compared
                .Where(output => !output.After.IsInteger)
                .Select(output => (output.Name, Before: Lost(output.Before), After: Lost(output.After)))
                .Where(output => output.After > output.Before)
                .Select(output =>
                    $"{output.After} numbers of '{output.Name}' are not finite after the interventions, "
                    + $"{output.Before} before. Look at the coefficients, sources and parameters."
                ),
        ];

    public static RunOutcome Of(LoadedModel model, ModelInputs inputs, RunResult result, OutputChoice choice, int count)
    {
        var (compared, leftOut, caches) = choice.Of(result);
        var scores = compared.Find(output => !output.After.IsInteger);
        return new RunOutcome
        {
            Compared = [.. compared],
            LeftOut = [.. leftOut],
            Caches = [.. caches],
            Collected = result.Collected,
            InputWarnings = model.Warnings(inputs),
            Ranking = scores is null ? null : OutputRanking.Of(model, inputs, result, scores, count),
        };
    }

    /// <summary>Refuses a file name that no outcome can be saved under.</summary>
    public static void CheckPath(string? path)
    {
        if (path is not null && !IsNumpy(path) && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw new InterventionException($"--out '{path}': the file must end in .safetensors or .npy.");
    }

    /// <exception cref="InterventionException">Nothing can be saved, or two tensors have one name.</exception>
    public void Save(string path)
    {
        if (!IsNumpy(path))
            SafetensorsFile.Write(path, Tensors());
        else if (Compared.IsEmpty)
            throw new InterventionException($"--out '{path}': no output of the model is a tensor of numbers.");
        else
            NumpyFile.Write(path, Compared[0].After);
    }

    public void Write(Terminal terminal, bool asJson, string? path)
    {
        if (asJson)
            terminal.Output.WriteJson(JsonText.Of(Data(path)));
        else
            WriteText(terminal, path);
    }

    private Dictionary<string, NumericArray> Tensors()
    {
        var tensors = new Dictionary<string, NumericArray>(StringComparer.Ordinal);
        foreach (var output in Compared)
        {
            Add(output.Name, output.After);
            Add($"{output.Name}.before", output.Before);
        }

        for (var index = 0; index < Collected.Length; index++)
            Add($"collected.{index}", Collected[index]);
        return tensors;

        void Add(string name, NumericArray array)
        {
            if (!tensors.TryAdd(name, array))
                throw new InterventionException(
                    $"--out: two tensors would be called '{name}' in the file. Choose the outputs with --compare."
                );
        }
    }

    private Dictionary<string, object?> Data(string? path)
    {
        var data = new Dictionary<string, object?>();
        if (Ranking is { Kind: OutputKind.Tokens } tokens)
        {
            data["position"] = tokens.Examples[0].Position;
            data["before"] = tokens.Examples[0].Before.Tokens;
            data["after"] = tokens.Examples[0].After.Tokens;
        }
        else if (!Compared.IsEmpty)
        {
            data["output"] = Compared[0].Name;
            data["shape"] = Compared[0].After.Shape;
        }

        if (Ranking is not null)
            data["examples"] = Ranking.Examples.Select(example => new
            {
                example.Position,
                Before = example.Before.Tokens,
                After = example.After.Tokens,
            });
        data["difference"] = Compared.IsEmpty ? null : Compared[0].Difference;
        data["outputs"] = Compared.Select(output => output.Data);
        data["left_out"] = LeftOut
            .Concat(Caches.Select(name => new OtherOutput(name, "a cache; --compare all compares it")))
            .Select(output => new { Output = output.Name, Why = output.What });
        data["warnings"] = Warnings;
        data["file"] = path;
        return data;
    }

    private void WriteText(Terminal terminal, string? path)
    {
        Ranking?.Write(terminal);
        if (Compared.Length > 1)
            terminal.WriteTable(ComparedOutput.Columns, Compared.Select(output => output.Row));
        else if (!Compared.IsEmpty && Ranking is not { Kind: OutputKind.Tokens })
            terminal.WriteFacts(Compared[0].Facts);
        foreach (var output in LeftOut)
            terminal.Output.WriteLine($"Left out: {output.Name}, {output.What}; whether it changed is not shown.");
        if (Caches.Length > 0)
            terminal.Output.WriteLine(
                $"Left out: {Caches.Length} caches, {Caches[0]} to {Caches[^1]}; --compare all compares them too."
            );
        foreach (var warning in Warnings)
            terminal.Error.WriteLine($"Warning: {warning}");
        if (path is not null)
            terminal.Output.WriteLine($"Wrote {path}");
    }

    private static bool IsNumpy(string path) => path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase);

    private static int Lost(NumericArray numbers)
    {
        var count = 0;
        foreach (var number in numbers.Floats)
            count += float.IsFinite(number) ? 0 : 1;
        return count;
    }
}
