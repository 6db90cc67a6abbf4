using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training.Artifacts;

/// <summary>Inputs of one example, zeros: only their shapes matter.</summary>
internal static class ArtifactExample
{
    /// <summary>An example of a model.</summary>
    /// <param name="graph">The model's graph.</param>
    /// <param name="length">How long the axes are that the file leaves open, the first left out.</param>
    public static ModelInputs Of(Graph graph, int length) =>
        graph.Inputs.Any(input => input.Name == ModelInputs.TokenInput)
            ? ModelInputs.FromTokens(new int[length])
            : new ModelInputs(
                graph
                    .Inputs.Where(input => !input.IsConstant)
                    .ToImmutableDictionary(input => input.Name, input => Zeros(input, length))
            );

    private static NumericArray Zeros(Value input, int length)
    {
        int[] shape =
        [
            .. (input.Type?.Shape?.Dimensions ?? []).Select(
                (dimension, axis) => axis == 0 ? 1 : (int)(dimension.Size ?? length)
            ),
        ];
        var count = SizeProduct.ToMake(sizeof(long), $"The input {input}", [.. shape.Select(size => (long)size)]);
        return input.Type?.ElementType.IsFloat() is true
            ? NumericArray.Of(new float[count], shape)
            : NumericArray.Of(new long[count], shape);
    }
}
