using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>Interventions that are code: the same written for the graph and for the reference.</summary>
internal static class SampleCode
{
    /// <summary>tanh(x · scale) + s / 2.</summary>
    public static CustomIntervention Custom(NumericArray scale, bool takesSource) =>
        new(Build, new Dictionary<string, NumericArray> { ["scale"] = scale }, takesSource);

    /// <summary>What <see cref="Custom"/> builds.</summary>
    public static double[] Formula(Intervention intervention, double[] x, double[]? s)
    {
        var bent = Rows.Multiply(x, Rows.Of(intervention.Parameters["scale"])).Select(Math.Tanh).ToArray();
        return s is null ? bent : Rows.Add(bent, Rows.Multiply(s, 0.5));
    }

    /// <summary>
    /// A function that turns the units of an example around and adds half of the source; where subspaces are given,
    /// only the first number's dimension changes.
    /// </summary>
    public static NumericArray? Turn(LambdaValues values)
    {
        var width = values.Base.Shape[^1];
        var made = values.Base.Floats.ToArray();
        var perExample = values.Base.Shape[0] == 0 ? 0 : made.Length / values.Base.Shape[0];
        for (var index = 0; index < made.Length; index++)
        {
            var (example, place) = Math.DivRem(index, perExample);
            if (
                values.Subspaces is { } rows
                && rows[rows.Length == 1 ? 0 : example] is [var dimension, ..]
                && index % width != dimension
            )
                continue;
            var opposite = (example * perExample) + (perExample - 1 - place);
            made[index] = values.Base.Floats[opposite] + (0.5f * SourceAt(values.Source, index));
        }

        return NumericArray.Of(made, [.. values.Base.Shape]);
    }

    private static Value Build(CustomRows rows)
    {
        var bent = rows.Ops.Emit("Tanh", [rows.Ops.Mul(rows.Base, rows.Parameters["scale"])]);
        var half = rows.Ops.Graph.AddInitializer(rows.Ops.Names.Unique("half"), TensorData.FromFloats([], [0.5f]));
        return rows.Source is null ? bent : rows.Ops.Add(bent, rows.Ops.Mul(rows.Source, half));
    }

    private static float SourceAt(NumericArray? source, int index) =>
        source is null ? 0 : source.Floats[index % source.Length];
}
