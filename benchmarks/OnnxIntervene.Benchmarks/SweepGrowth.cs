using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// How the time of a sweep grows with prompts and with cells. It is the processor's own time, which other programs
/// disturb less.
/// </summary>
internal static class SweepGrowth
{
    private const int Length = 16;
    private static readonly string[] s_components = ["attention_output", "mlp_output", "attention_input", "mlp_input"];

    public static void Measure(string path, int rounds)
    {
        using var model = LoadedModel.Load(path, new ExecutionOptions { Threads = 1 });
        Run(model, 1, 1);
        foreach (var prompts in new[] { 1, 2, 4, 8, 16 })
            Report($"{prompts} prompts", prompts, rounds, () => Run(model, prompts, 1));
        foreach (var components in Enumerable.Range(1, s_components.Length))
            Report($"{components} components", components, rounds, () => Run(model, 2, components));
    }

    private static int Run(LoadedModel model, int prompts, int components) =>
        PatchSweep
            .Run(
                model,
                new PatchSweepRequest
                {
                    Prompts = [.. Enumerable.Range(0, prompts).Select(Pair)],
                    Components = [.. s_components.Take(components)],
                }
            )
            .Plan.Cells;

    private static void Report(string what, int size, int rounds, Func<int> run)
    {
        var cells = run();
        var times = new List<double>();
        for (var round = 0; round < rounds; round++)
            times.Add(ProcessorTime.Of(() => run()));

        var median = ProcessorTime.Median(times);
        Console.WriteLine($"{what}: {cells} cells, {median:F2} s, {median / size:F3} s for each");
    }

    private static StudyPrompt Pair(int number)
    {
        var clean = Enumerable.Range(1, Length).Select(token => token + (20 * number)).ToArray();
        return new StudyPrompt
        {
            Inputs = ModelInputs.FromTokens(clean),
            Corrupt = ModelInputs.FromTokens([.. clean.Select((token, index) => index < 4 ? token : token + 1000)]),
            Answer = 5,
            Wrong = 9,
        };
    }
}
