using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>What the bases' own runs computed.</summary>
/// <param name="Logits">At each base's last token, <c>[base, vocabulary]</c>.</param>
/// <param name="Values">The values of each site, <c>[base × unit, …]</c>.</param>
internal sealed record BaseRuns(NumericArray Logits, ImmutableArray<NumericArray> Values)
{
    private int Bases => Logits.Shape[0];

    /// <summary>The logits of a base.</summary>
    public ReadOnlySpan<float> LogitsOf(int index)
    {
        var width = Logits.Shape[1];
        return Logits.Floats.Slice(index * width, width);
    }

    /// <summary>A unit of a site in a base's run.</summary>
    public ReadOnlyMemory<float> UnitOf(int site, int index, int unit)
    {
        var values = Values[site];
        var size = values.Length / values.Shape[0];
        return values.FloatMemory.Slice(((index * (values.Shape[0] / Bases)) + unit) * size, size);
    }

    /// <summary>The same cell without what would write the values that are there already, bit for bit.</summary>
    public SweepCell Changed(SweepCell cell) =>
        cell with
        {
            Writes =
            [
                .. cell.Writes.Where(write =>
                    !write.Values.Span.SequenceEqual(UnitOf(write.Site, cell.Base, write.Unit).Span)
                ),
            ],
        };
}
