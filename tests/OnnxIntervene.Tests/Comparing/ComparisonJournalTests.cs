using OnnxIntervene.Comparing;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Comparing;

/// <summary>A comparison that was ended goes on where it was.</summary>
public sealed class ComparisonJournalTests
{
    private static readonly ModelInputs s_prompt = ModelInputs.FromTokens([1, 2, 3, 4, 5, 6]);

    [Test]
    public void A_comparison_that_was_ended_goes_on_and_finds_the_same()
    {
        using var folder = new TemporaryFolder();
        using var a = ReferenceExports.Load("gemma2/dynamo");
        using var b = ReferenceExports.Load("gemma2/optimum");
        var request = new ModelComparisonRequest { Prompts = [s_prompt, ModelInputs.FromTokens([7, 8, 9])] };
        var journaled = request with { Journal = folder.File("diff.cells.jsonl"), Command = ["diff", "a", "b"] };

        using var ending = new CancellationTokenSource();
        Assert.That(
            () => ModelComparison.Run(a, b, journaled, new Stopping(ending), ending.Token),
            Throws.InstanceOf<OperationCanceledException>()
        );
        var before = File.ReadAllLines(journaled.Journal!);
        File.AppendAllText(journaled.Journal!, "{\"example\": 0, \"comp");
        var result = ModelComparison.Run(a, b, journaled);
        var after = File.ReadAllLines(journaled.Journal!);

        Assert.That(before, Has.Length.GreaterThan(2));
        Assert.That(after, Has.Length.GreaterThan(before.Length).And.Unique);
        Assert.That(after[..before.Length], Is.EqualTo(before));
        Assert.That(Shown(result), Is.EqualTo(Shown(ModelComparison.Run(a, b, request))));
        Assert.That(
            () => ModelComparison.Run(a, b, journaled with { Prompts = [s_prompt] }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("holds another comparison")
        );
    }

    private static IEnumerable<string> Shown(ModelComparisonResult result) =>
        result.Components.Select(item => $"{item.Address} {item.RelativeError:R} {item.Restored:R} {item.Repaired:R}");

    private sealed class Stopping(CancellationTokenSource ending) : IProgress<SweepProgress>
    {
        // In the second example.
        public void Report(SweepProgress value)
        {
            if (value.Done > value.Total / 2)
                ending.Cancel();
        }
    }
}
