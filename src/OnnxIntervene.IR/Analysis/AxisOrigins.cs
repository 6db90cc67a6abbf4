using System.Globalization;
using OnnxIntervene.IR.Analysis.Inference;

namespace OnnxIntervene.IR.Analysis;

/// <summary>
/// Which axis of which input an axis of a tensor is, whatever the file calls it: sizes are followed through the graph
/// from names that every input's first axes get. Not for several threads.
/// </summary>
internal sealed class AxisOrigins
{
    // No file has it in a name.
    private const char Mark = '\t';

    /// <param name="graph">The main graph.</param>
    public AxisOrigins(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var tokens = graph.Inputs.FirstOrDefault(input => input.Name == InputLimits.TokenInput);
        Types = TypeInference.Trace(graph, (input, axis) => LabelOf(input, axis, tokens));
    }

    /// <summary>The inference in which the sizes are called after their origins.</summary>
    public TypeInference Types { get; }

    /// <summary>The input and its axis that a size is; null where it is none, or has a name in the file.</summary>
    public static (string Input, int Axis)? Find(Quantity size) =>
        size.ToDimension().Symbol?.Split(Mark) is [var input, var axis]
        && int.TryParse(axis, CultureInfo.InvariantCulture, out var number)
            ? (input, number)
            : null;

    // Axes without a name of their own: of token ids and what goes with them both, else those before the widths.
    private static string? LabelOf(Value input, int axis, Value? tokens)
    {
        var shape = input.Type!.Shape!;
        if (shape[axis].Symbol is { Length: > 0 })
            return null;
        var isOfTokens = shape.Rank == 2 && input.Type.ElementType is ElementType.Int64 or ElementType.Int32;
        var count = shape.Rank == 3 || isOfTokens ? 2 : 1;
        var owner = isOfTokens && tokens?.Type?.Shape?.Rank == 2 ? tokens.Name : input.Name;
        return axis < count ? string.Create(CultureInfo.InvariantCulture, $"{owner}{Mark}{axis}") : null;
    }
}
