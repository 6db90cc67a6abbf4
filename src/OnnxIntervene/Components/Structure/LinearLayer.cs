using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Structure;

/// <summary>A product with a constant matrix, with the bias and the reshapes that exporters put around it.</summary>
/// <param name="Product">The node that multiplies.</param>
/// <param name="Input">What the layer reads, before it is flattened to <c>[batch × position, width]</c>.</param>
/// <param name="Output">The layer's output, with its bias, in three axes again where the graph reshapes it.</param>
/// <param name="InputWidth">The rows of the matrix.</param>
/// <param name="OutputWidth">The columns of the matrix.</param>
internal sealed record LinearLayer(Node Product, Value Input, Value Output, int InputWidth, int OutputWidth)
{
    /// <summary>Its number in the graph's order.</summary>
    public int Number { get; init; }
}
