using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Probing;

/// <summary>Which examples are fitted and which are held out: the same share of each class.</summary>
/// <param name="Trained">The numbers of the examples that are fitted.</param>
/// <param name="HeldOut">The numbers of those that are held out.</param>
internal sealed record StratifiedSplit(ImmutableArray<int> Trained, ImmutableArray<int> HeldOut)
{
    private const int LeastTrained = 2;

    /// <summary>How many examples of a class are held out.</summary>
    /// <exception cref="InterventionException">Too few would be left.</exception>
    public static int CountOf(int examples, double share, string name)
    {
        var count = Math.Max(1, (int)Math.Round(examples * share));
        return examples - count >= LeastTrained
            ? count
            : throw new InterventionException(
                $"The class '{name}' has {examples} examples; {count} are held out, and {LeastTrained} must be left to "
                    + "fit. Give more prompts of this class, or hold out a smaller share."
            );
    }

    /// <summary>Draws a split.</summary>
    /// <param name="labels">The class of each example.</param>
    /// <param name="heldOut">How many examples of each class are held out.</param>
    /// <param name="random">Draws them.</param>
    public static StratifiedSplit Draw(ImmutableArray<int> labels, ImmutableArray<int> heldOut, Random random)
    {
        var (trained, held) = (new List<int>(), new List<int>());
        for (var label = 0; label < heldOut.Length; label++)
        {
            int[] examples = [.. Enumerable.Range(0, labels.Length).Where(example => labels[example] == label)];
            random.Shuffle(examples);
            held.AddRange(examples.Take(heldOut[label]));
            trained.AddRange(examples.Skip(heldOut[label]));
        }

        return new StratifiedSplit([.. trained.Order()], [.. held.Order()]);
    }
}
