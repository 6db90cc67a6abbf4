using OnnxIntervene.CausalModels;
using OnnxIntervene.Numerics;

namespace OnnxIntervene.Tests.CausalModels;

/// <summary>Hierarchical equality, (W = X) = (Y = Z), as pyvene's tutorial on DAS has it.</summary>
internal static class EqualityTask
{
    /// <summary>The causal model over random objects of two numbers.</summary>
    public static CausalModel Model(int objects, uint seed)
    {
        var random = new NumpyRandom(seed);
        var values = Enumerable
            .Range(0, objects)
            .Select(_ => CausalValue.FromVector([Draw(random), Draw(random)]))
            .ToList();
        return new CausalModel(
            CausalVariable.Input("W", values),
            CausalVariable.Input("X", values),
            CausalVariable.Input("Y", values),
            CausalVariable.Input("Z", values),
            CausalVariable.Computed("WX", CausalValue.Truths, ["W", "X"], CausalFunctions.Equal),
            CausalVariable.Computed("YZ", CausalValue.Truths, ["Y", "Z"], CausalFunctions.Equal),
            CausalVariable.Computed("O", CausalValue.Truths, ["WX", "YZ"], CausalFunctions.Equal)
        );
    }

    /// <summary>An input of the objects' numbers.</summary>
    public static CausalSetting Input(CausalModel model, params ReadOnlySpan<int> objects) =>
        CausalSetting.Of(
            model.Inputs.Zip(objects.ToArray(), (variable, number) => (variable.Name, variable.Values[number]))
        );

    // Two decimals, as in the tutorial: equal objects differ by exactly 0.
    private static float Draw(NumpyRandom random) => (float)Math.Round((2 * random.NextDouble()) - 1, 2);
}
