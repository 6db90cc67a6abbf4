using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Files;

/// <summary>
/// A small model of one kind, with a tensor to intervene on and the inputs to run it on, two examples of them.
/// </summary>
internal sealed record FileSample(
    string Name,
    Model Model,
    string Tensor,
    ImmutableDictionary<string, NumericArray> Arrays
)
{
    public const int Batch = 2;

    /// <summary>How far two computations may be apart: what the narrowest numbers round.</summary>
    public double Tolerance { get; init; } = 1e-6;

    /// <summary>Whether an intervention's 32 bits hold every number of the model.</summary>
    public bool IsExact { get; init; } = true;

    public static FileSample Of(string name, Model model, string tensor) => new(name, model, tensor, Inputs(model));

    public ModelInputs Inputs() => new(Arrays);

    public override string ToString() => Name;

    private static ImmutableDictionary<string, NumericArray> Inputs(Model model) =>
        model.Graph.Inputs.Where(input => !input.IsConstant).ToImmutableDictionary(input => input.Name, Array);

    private static NumericArray Array(Value input)
    {
        int[] shape = [.. input.Type!.Shape!.Dimensions.Select(dimension => (int)(dimension.Size ?? Batch))];
        var count = shape.Aggregate(1, (product, size) => product * size);
        return input.Type.ElementType.IsFloat()
            ? NumericArray.Of(
                Enumerable.Range(0, count).Select(index => (float)Math.Sin(1 + (3 * index))).ToArray(),
                shape
            )
            : NumericArray.Of(Enumerable.Repeat(1L, count).ToArray(), shape);
    }
}
