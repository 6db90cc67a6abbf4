using System.Collections.Immutable;
using OnnxIntervene.Gradients;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Training.Parametrizations;

/// <summary>
/// Graphs that make a matrix W with orthonormal columns from free numbers X, and that pass a gradient by W on to X.
/// </summary>
internal static class ParametrizationGraph
{
    /// <summary>The input X, <c>[width, latents]</c>.</summary>
    public const string Original = "original";

    /// <summary>The input that W begins from, <c>[width, width]</c>.</summary>
    public const string Base = "base";

    private const string Gradient = "gradient";
    private const int OperatorSet = 17;
    private const int IrVersion = 8;

    /// <summary>The graph of W.</summary>
    /// <param name="rows">Rows of W.</param>
    /// <param name="columns">Columns of W.</param>
    /// <param name="write">Writes Q from the builder and X; W is the base times Q.</param>
    public static Model OfWeight(int rows, int columns, Func<OpBuilder, Value, Value> write)
    {
        var (model, ops) = New();
        Finish(model, Weight(ops, rows, columns, write).Weight);
        return model;
    }

    /// <summary>The graph of d loss / d X from d loss / d W, its input <c>gradient</c>.</summary>
    /// <inheritdoc cref="OfWeight"/>
    public static Model OfGradient(int rows, int columns, Func<OpBuilder, Value, Value> write)
    {
        var (model, ops) = New();
        var (original, weight) = Weight(ops, rows, columns, write);
        var given = Input(ops, Gradient, rows, columns);
        var number = SeededSum.Of(ops, [weight], [given]);
        var gradients = BackwardPass.Write(new Rewriting.GraphEditor(model), number, [original]);
        Finish(model, ops.Identity(gradients[0]));
        return model;
    }

    /// <summary>What a run of <see cref="OfGradient"/> is fed as d loss / d W.</summary>
    public static KeyValuePair<string, Tensors.NumericArray> GradientFeed(Tensors.NumericArray gradient) =>
        new(Gradient, gradient);

    /// <summary>An input that is a matrix of floats.</summary>
    public static Value Input(OpBuilder ops, string name, int rows, int columns) =>
        ops.Graph.AddInput(name, Type(rows, columns));

    /// <summary>A scalar constant.</summary>
    public static Value Number(OpBuilder ops, double number) =>
        ops.Graph.AddInitializer(ops.Names.Unique("number"), TensorData.FromFloats([], [(float)number]));

    /// <summary>The product of two matrices.</summary>
    public static Value Product(OpBuilder ops, Value left, Value right) => ops.Emit("MatMul", [left, right]);

    /// <summary>A graph of our own, and a builder for it.</summary>
    public static (Model Model, OpBuilder Ops) New()
    {
        var graph = new Graph();
        var sets = ImmutableSortedDictionary<string, long>.Empty.Add("", OperatorSet);
        var model = new Model(graph, IrVersion, sets);
        return (model, new OpBuilder(graph, NameScope.Of(model), OperatorSet, "orthogonal"));
    }

    /// <summary>Makes values the outputs.</summary>
    public static void Finish(Model model, params IReadOnlyList<Value> outputs)
    {
        foreach (var output in outputs)
            output.Type ??= new TensorType(ElementType.Float32, null);
        DeadCode.LeaveOnly(model, outputs);
    }

    private static (Value Original, Value Weight) Weight(
        OpBuilder ops,
        int rows,
        int columns,
        Func<OpBuilder, Value, Value> write
    )
    {
        var original = Input(ops, Original, rows, columns);
        var weight = Product(ops, Input(ops, Base, rows, rows), write(ops, original));
        weight.Type = Type(rows, columns);
        return (original, weight);
    }

    private static TensorType Type(int rows, int columns) =>
        new(ElementType.Float32, Shape.Of(Dimension.Fixed(rows), Dimension.Fixed(columns)));
}
