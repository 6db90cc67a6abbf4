using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Probing;

/// <summary>The classes of a study's examples.</summary>
internal sealed record ProbeLabels
{
    /// <summary>The classes' names.</summary>
    public required ImmutableArray<string> Classes { get; init; }

    /// <summary>The class of each example.</summary>
    public required ImmutableArray<int> Numbers { get; init; }

    /// <summary>How many examples of each class are held out.</summary>
    public required ImmutableArray<int> HeldOut { get; init; }

    /// <summary>The share of the largest class among the held-out examples.</summary>
    public required double Majority { get; init; }

    /// <summary>Reads the labels.</summary>
    /// <exception cref="InterventionException">They do not allow a probe.</exception>
    public static ProbeLabels Of(ProbeRequest request)
    {
        if (request.Prompts.IsDefaultOrEmpty)
            throw new InterventionException("There are no prompts.");
        if (!(request.HeldOut is > 0 and < 1))
            throw new InterventionException(
                $"The share of held-out examples must be between 0 and 1; {request.HeldOut} was given."
            );
        if (request.Splits < 1)
            throw new InterventionException($"{request.Splits} splits were asked for; at least 1 is needed.");
        if (!(request.Regularization >= 0 && float.IsFinite(request.Regularization)))
            throw new InterventionException(
                $"The regularisation must be a finite number of 0 or more; {request.Regularization} was given."
            );
        return Of([.. request.Prompts.Select((prompt, index) => LabelOf(prompt.Label, index))], request.HeldOut);
    }

    /// <summary>A split, and labels that are shuffled.</summary>
    public (StratifiedSplit Split, ImmutableArray<int> Shuffled) Draw(int seed)
    {
        var random = new Random(seed);
        var split = StratifiedSplit.Draw(Numbers, HeldOut, random);
        int[] shuffled = [.. Numbers];
        random.Shuffle(shuffled);
        return (split, [.. shuffled]);
    }

    private static string LabelOf(string? label, int index) =>
        label
        ?? throw new InterventionException($"Prompt {index + 1} has no label. Give \"label\" in its line of the file.");

    private static ProbeLabels Of(ImmutableArray<string> labels, double share)
    {
        ImmutableArray<string> classes = [.. labels.Distinct().Order(StringComparer.Ordinal)];
        if (classes.Length < 2)
            throw new InterventionException(
                $"All prompts have the label '{classes[0]}'; a probe needs at least two classes to tell apart."
            );
        ImmutableArray<int> heldOut =
        [
            .. classes.Select(name => StratifiedSplit.CountOf(labels.Count(label => label == name), share, name)),
        ];
        ImmutableArray<int> numbers = [.. labels.Select(label => classes.IndexOf(label))];
        var largest = numbers.GroupBy(number => number).OrderByDescending(group => group.Count()).First().Key;
        return new ProbeLabels
        {
            Classes = classes,
            Numbers = numbers,
            HeldOut = heldOut,
            Majority = (double)heldOut[largest] / heldOut.Sum(),
        };
    }
}
