namespace OnnxIntervene.Components.Addressing;

/// <summary>
/// How a unit of a batch is addressed: by its example and then by its entries on the axes that units are counted on, in
/// the order of the component's tensor. A head at a position is (example, position, head), since heads are in the
/// width.
/// </summary>
internal static class UnitAddress
{
    /// <summary>How many numbers address a unit.</summary>
    /// <param name="component">The component.</param>
    /// <param name="countsTwoAxes">Whether units are counted on the second and third axis of the tensor.</param>
    public static int LengthOf(Component component, bool countsTwoAxes) =>
        countsTwoAxes || component.Layout == ComponentLayout.HeadsInWidth ? 3 : 2;

    /// <summary>A position, a step, or a head where heads have an axis of their own.</summary>
    public static ReadOnlySpan<long> Of(int example, int unit) => new long[] { example, unit };

    /// <summary>A head at a position, or an entry of two axes.</summary>
    /// <param name="component">The component.</param>
    /// <param name="example">The example.</param>
    /// <param name="outer">The head; or the entry on the second axis.</param>
    /// <param name="inner">The position; or the entry on the third axis.</param>
    public static ReadOnlySpan<long> Of(Component component, int example, int outer, int inner) =>
        component.Layout == ComponentLayout.HeadsInWidth
            ? new long[] { example, inner, outer }
            : new long[] { example, outer, inner };
}
