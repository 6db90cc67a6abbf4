using System.Diagnostics;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Benchmarks;

/// <summary>Generates very many tokens under a steering vector, and prints how much memory the process holds.</summary>
internal static class DecodeMemory
{
    private const int Reports = 10;
    private const int PromptLength = 16;

    // Texts as long as a chat's answers, where the context has room for them.
    private const int LongestText = 1024;

    public static void Measure(string path, int tokens)
    {
        Console.WriteLine($"before the model: {Endurance.ResidentBytes() / 1e6:F1} MB");
        using var model = LoadedModel.Load(path, new ExecutionOptions { Threads = 1 });
        var length = Math.Min(LongestText, (int)(model.Components.Limits.Context ?? LongestText));
        using var steered = model.With(MiddleAddition.Config(model));
        var width = MiddleAddition.WidthOf(model);
        var vector = NumericArray.Of(Enumerable.Range(0, width).Select(index => (index % 5) / 100f).ToArray(), width);
        var made = 0;
        for (var text = 0; made < tokens; text++)
        {
            foreach (var _ in Generation(steered, text, length - PromptLength, vector).Tokens(CancellationToken.None))
            {
                if (++made == 1 || made % Math.Max(1, tokens / Reports) == 0)
                    Console.WriteLine($"{made, 9} tokens: {Endurance.ResidentBytes() / 1e6:F1} MB");
                if (made == 1 || made == tokens)
                    ShowParts(model);
                if (made == tokens)
                    return;
            }
        }
    }

    private static void ShowParts(LoadedModel model)
    {
        using var process = Process.GetCurrentProcess();
        var weights = model.Model.Graph.Initializers.Sum(value => value.Initializer?.ByteLength ?? 0);
        var (used, kept) = (GC.GetTotalMemory(forceFullCollection: false), GC.GetGCMemoryInfo().TotalCommittedBytes);
        Console.WriteLine($"  MB: {ResidentParts.Describe()}");
        Console.WriteLine($"  .NET's objects {used / 1e6:F1} MB, in {kept / 1e6:F1} MB of what is allocated");
        Console.WriteLine($"  at most {process.PeakWorkingSet64 / 1e6:F1} MB; weights {weights / 1e6:F1} MB");
    }

    private static TextGeneration Generation(IntervenableModel model, int text, int newTokens, NumericArray vector) =>
        model.PlanGeneration(
            [
                [.. Enumerable.Range(0, PromptLength).Select(index => 1 + ((text + (7 * index)) % 90))],
            ],
            new GenerationOptions { MaximumNewTokens = newTokens, IgnoresEndOfText = true },
            settings: new RunSettings { SourceRepresentations = [vector] }
        );
}
