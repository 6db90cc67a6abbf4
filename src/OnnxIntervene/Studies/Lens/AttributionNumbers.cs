using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// Where the numbers of one prompt's attribution stand: those of the whole, what each part adds, and for each layer
/// whose heads can be told apart what the heads add, and their bias.
/// </summary>
internal sealed class AttributionNumbers
{
    /// <summary>The model's own number.</summary>
    public const int Total = 0;

    /// <summary>What the stream before the first layer adds.</summary>
    public const int Embedding = 1;

    /// <summary>What no part of the stream adds.</summary>
    public const int Constant = 2;

    /// <summary>How far the sum is from the model's own number.</summary>
    public const int Error = 3;

    /// <summary>What the first part adds; the others follow.</summary>
    public const int FirstPart = 4;

    private readonly ImmutableArray<int> _heads;

    public AttributionNumbers(AttributionSites sites)
    {
        var heads = new List<int> { FirstPart + sites.Parts.Length };
        foreach (var split in sites.Splits)
            heads.Add(heads[^1] + split.Heads + 1);
        _heads = [.. heads];
    }

    /// <summary>How many numbers there are.</summary>
    public int Count => _heads[^1];

    /// <summary>What the first head of a split adds; the others follow, and then the bias.</summary>
    public int FirstHeadOf(int split) => _heads[split];

    /// <summary>A prompt's numbers, of which none is known.</summary>
    public float[] Empty()
    {
        var numbers = new float[Count];
        Array.Fill(numbers, float.NaN);
        return numbers;
    }
}
