using System.Collections.Immutable;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Probing;

/// <summary>
/// How well probes predict the classes of held-out examples, from 0 to 1: means over splits. Standard errors are over
/// splits too, which share examples: they tell how much the split matters, and are too small for other prompts.
/// </summary>
public sealed record ProbeResult
{
    /// <summary>The classes.</summary>
    public required ImmutableArray<string> Classes { get; init; }

    /// <summary>How many examples are fitted.</summary>
    public required int Trained { get; init; }

    /// <summary>How many examples are held out.</summary>
    public required int HeldOut { get; init; }

    /// <summary>The share of held-out examples whose class is predicted, layer (row) by position (column).</summary>
    public required StudyGrid Accuracy { get; init; }

    /// <summary>
    /// The same with the labels shuffled among all examples: what fitting alone achieves. (The control tasks of Hewitt
    /// and Liang 2019, arXiv:1909.03368, give each word a random label, which is another control.)
    /// </summary>
    public required StudyGrid Control { get; init; }

    /// <summary>What always predicting the largest class achieves.</summary>
    public required double Majority { get; init; }
}
