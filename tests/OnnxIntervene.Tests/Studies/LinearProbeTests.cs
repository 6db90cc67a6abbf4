using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Probing;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies;

/// <summary>What the tokens decide is found, shuffled labels are not, and what allows no probe is refused.</summary>
public sealed class LinearProbeTests
{
    private static readonly Lazy<LoadedModel> s_model = new(() => LoadedModel.Load(RepositoryPaths.DefaultModel));

    [OneTimeTearDown]
    public void Close() => s_model.Value.Dispose();

    [Test]
    public void Classes_that_the_tokens_decide_are_found_and_shuffled_ones_are_not()
    {
        var result = Run(Prompts(150, token => $"{token % 3}"), splits: 3);

        Assert.That(result.Classes, Is.EqualTo(new[] { "0", "1", "2" }));
        Assert.That(result.Accuracy.Mean[0, 0], Is.GreaterThanOrEqualTo(0.95));
        Assert.That(result.Control.Mean[0, 0], Is.InRange(0.15, 0.55));
        Assert.That(result.Majority, Is.InRange(0.3, 0.5));
        Assert.That(result.Trained + result.HeldOut, Is.EqualTo(150));
        Assert.That(result.HeldOut, Is.EqualTo(30).Within(2));
        Assert.That(result.Accuracy.Count[0, 0], Is.EqualTo(3));
    }

    [Test]
    public void Equal_seeds_give_equal_numbers()
    {
        var prompts = Prompts(40, token => $"{token % 2}");

        Assert.That(
            Run(prompts, splits: 2).Control.Mean.Values.ToArray(),
            Is.EqualTo(Run(prompts, splits: 2).Control.Mean.Values.ToArray())
        );
    }

    [Test]
    public void What_allows_no_probe_is_refused()
    {
        var prompts = Prompts(40, token => $"{token % 2}");

        Refused(prompts.SetItem(2, prompts[2] with { Label = null }), "Prompt 3 has no label");
        Refused([.. prompts.Select(prompt => prompt with { Label = "same" })], "at least two classes");
        Refused(prompts.SetItem(0, prompts[0] with { Label = "rare" }), "The class 'rare' has 1 examples");

        static void Refused(ImmutableArray<StudyPrompt> given, string message) =>
            Assert.That(
                () => Run(given, splits: 1),
                Throws.InstanceOf<InterventionException>().With.Message.Contains(message)
            );
    }

    private static ProbeResult Run(ImmutableArray<StudyPrompt> prompts, int splits) =>
        LinearProbe.Run(
            s_model.Value,
            new ProbeRequest
            {
                Prompts = prompts,
                Layers = [0],
                Splits = splits,
            }
        );

    // After the token that begins texts, the last of two decides.
    private static ImmutableArray<StudyPrompt> Prompts(int count, Func<int, string> label)
    {
        var random = new Random(5);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ =>
                {
                    int[] ids = [0, random.Next(1000, 1012), random.Next(1100, 1103)];
                    return StudyPrompt.Of(PromptText.OfIds(ids)) with { Label = label(ids[2]) };
                }),
        ];
    }
}
