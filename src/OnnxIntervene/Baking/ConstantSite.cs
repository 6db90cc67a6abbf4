using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Baking;

/// <summary>An intervention that does the same to every position of every input, so that a file can hold it.</summary>
/// <param name="Representation">What the configuration says.</param>
/// <param name="Intervention">The kind with its parameters.</param>
/// <param name="Component">Where it acts.</param>
internal sealed record ConstantSite(RepresentationConfig Representation, Intervention Intervention, Component Component)
{
    /// <summary>The heads that it acts on; default for all of them, or where there are none.</summary>
    public ImmutableArray<int> Heads { get; init; }

    /// <summary>
    /// The source, <c>[1, 1, width]</c> (head components: <c>[1, 1, heads or 1, width]</c>); null where the kind has
    /// none.
    /// </summary>
    public NumericArray? Source { get; init; }

    /// <summary>What the source is multiplied with.</summary>
    public float Coefficient { get; init; } = 1;

    /// <summary>Which dimensions of the kind's space are changed; default for all of them.</summary>
    public ImmutableArray<bool> Mask { get; init; }

    /// <summary>The heads by number.</summary>
    public IEnumerable<int> ChosenHeads => Heads.IsDefault ? Enumerable.Range(0, Component.Heads) : Heads;

    /// <summary>The source of a unit of some head (0 where there are none), times the coefficient.</summary>
    public float[] ScaledSource(int head)
    {
        var width = Component.Width;
        var row = Source!.Shape is [_, _, > 1, _] ? head : 0;
        return Array.ConvertAll(Source.Floats.Slice(row * width, width).ToArray(), number => number * Coefficient);
    }

    /// <summary>The intervention in words, as messages and metadata name it.</summary>
    public string Text =>
        Representation
        + (Heads.IsDefault ? "" : $", head {string.Join(", ", Heads)}")
        + (Mask.IsDefault ? "" : $", {Mask.Count(isChosen => isChosen)} of {Mask.Length} dimensions")
        + (Coefficient == 1 ? "" : FormattableString.Invariant($", times {Coefficient}"));
}
