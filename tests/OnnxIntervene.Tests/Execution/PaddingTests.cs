using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>
/// A batch that is padded on the left, or has gaps, gives the right numbers or is refused with the operator's name.
/// </summary>
public sealed class PaddingTests
{
    private const double Close = 1e-4;
    private const double Far = 0.1;
    private const int Width = 8;
    private const int Heads = 2;
    private static readonly long[] s_left = [0, 0, 1, 1, 1, 1];
    private static readonly long[] s_gap = [1, 1, 0, 1, 1, 1];
    private static readonly long[] s_right = [1, 1, 1, 1, 0, 0];

    [TestCase("bert", "optimum", "ort-fused", "Attention")]
    [TestCase("llama", "optimum", "genai-fp32", "GroupQueryAttention")]
    [TestCase("qwen2", "optimum", "genai-fp32", "GroupQueryAttention")]
    [TestCase("qwen3", "optimum", "genai-fp32", "GroupQueryAttention")]
    public void What_counts_tokens_is_refused_padding_on_the_left_and_gaps(
        string family,
        string whole,
        string counting,
        string name
    )
    {
        foreach (var mask in new[] { s_left, s_gap })
        {
            Assert.That(
                Apart(family, whole, counting, mask),
                Is.GreaterThan(Far),
                "the operator would compute wrong numbers"
            );
            Assert.That(
                () => Run(Load(family, counting), mask),
                Throws.TypeOf<InterventionException>().With.Message.Contains($"the model's {name} cannot")
            );
        }

        Assert.That(
            Difference.Largest(Run(Load(family, counting), s_right), Plain(family, whole, s_right), s_right),
            Is.LessThan(Close)
        );
    }

    [TestCase("bert", "dynamo")]
    [TestCase("gpt2", "dynamo")]
    [TestCase("gpt2", "ort-fused")]
    [TestCase("gpt_neox", "dynamo")]
    [TestCase("llama", "dynamo")]
    [TestCase("mistral", "dynamo")]
    [TestCase("olmo2", "dynamo")]
    [TestCase("opt", "dynamo")]
    [TestCase("qwen2", "dynamo")]
    [TestCase("qwen3", "dynamo")]
    public void What_reads_the_whole_mask_is_right_with_any_padding(string family, string export)
    {
        foreach (var mask in new[] { s_left, s_gap, s_right })
            Assert.That(
                Difference.Largest(Run(Load(family, export), mask), Plain(family, "optimum", mask), mask),
                Is.LessThan(Close)
            );
    }

    [TestCase("MultiHeadAttention", 4)]
    [TestCase("Attention", 3)]
    public void An_operator_that_takes_both_masks_is_refused_only_counts(string name, int maskInput)
    {
        var (counts, whole) = (Handmade(name, maskInput, isCounted: true), Handmade(name, maskInput, isCounted: false));
        var unpadded = PlainRun(whole, Hidden(2, 6), [1, 1, 1, 1]);
        var padded = Hidden(0, 6);

        Assert.That(
            () => Run(counts, s_left, padded),
            Throws.TypeOf<InterventionException>().With.Message.Contains($"the model's {name} cannot")
        );
        Assert.That(
            Difference.Largest(PlainRun(counts, padded, s_left).AsSpan(2 * Width), unpadded),
            Is.GreaterThan(1e-3)
        );
        Assert.That(Difference.Largest(Run(whole, s_left, padded).AsSpan(2 * Width), unpadded), Is.LessThan(1e-5));
        Assert.That(
            Difference.Largest(Run(counts, s_right, padded), PlainRun(whole, padded, s_right), s_right),
            Is.LessThan(1e-5)
        );
    }

    [TestCase("", "Attention", 6)]
    [TestCase("", "GRU", 4)]
    [TestCase("com.microsoft", "SparseAttention", 5)]
    [TestCase("com.microsoft", "RemovePadding", 1)]
    [TestCase("com.microsoft", "QAttention", 5)]
    public void Other_operators_that_count_are_known(string domain, string name, int input)
    {
        var graph = new Graph();
        var ops = new OpBuilder(graph, NameScope.Of(ModelOf(graph)), 17, "model");
        var counts = CountsOf(
            ops,
            graph.AddInput(
                "input_mask",
                new TensorType(ElementType.Int64, Shape.Of(Dimension.Named("batch"), Dimension.Named("length")))
            )
        );
        var hidden = graph.AddInput(
            "hidden",
            new TensorType(
                ElementType.Float32,
                Shape.Of(Dimension.Named("batch"), Dimension.Named("length"), Dimension.Fixed(Width))
            )
        );
        graph.AddOutput(ops.Emit(name, [hidden, .. Enumerable.Repeat<Value?>(null, input - 1), counts], [], domain));

        Assert.That(
            ComponentMap.Find(ModelOf(graph)).CountedMasks,
            Is.EqualTo(new[] { new CountedMask(name, "input_mask") })
        );
    }

    private static SplicedModel Splice(Model model) => Splicer.Splice(model, ComponentMap.Find(model), []);

    private static double Apart(string family, string one, string other, long[] mask) =>
        Difference.Largest(Plain(family, one, mask), Plain(family, other, mask), mask);

    private static Model Load(string family, string export) =>
        OnnxFile.Load(Path.Combine(RepositoryPaths.OwnReferences, "families", family, export, "model.onnx"));

    private static float[] Plain(string family, string export, long[] mask) =>
        PlainRun(Load(family, export), null, mask);

    private static float[] Run(Model model, long[] mask, float[]? hidden = null)
    {
        using var session = InterventionSession.Open(Splice(model), new ExecutionOptions { Threads = 1 });
        return session.Run(Inputs(model, hidden, mask), [], [session.FirstOutput])[0].Floats.ToArray();
    }

    // What ONNX Runtime computes when the run is not refused.
    private static float[] PlainRun(Model model, float[]? hidden, long[] mask)
    {
        using var session = InterventionSession.Open(
            Splice(model) with
            {
                CountedMasks = [],
            },
            new ExecutionOptions { Threads = 1 }
        );
        return session.Run(Inputs(model, hidden, mask), [], [session.FirstOutput])[0].Floats.ToArray();
    }

    // Positions are given, so that models that count them and models that are told them can be compared.
    private static ModelInputs Inputs(Model model, float[]? hidden, long[] mask)
    {
        var inputs = Inputs(hidden, mask);
        return model.Graph.Inputs.Any(input => input.Name == "position_ids") && !PositionInput.CountsKeptTokens(model)
            ? new ModelInputs(inputs.Arrays.Add("position_ids", NumericArray.Of(new long[] { 0, 1, 2, 3, 4, 5 }, 1, 6)))
            : inputs;
    }

    private static ModelInputs Inputs(float[]? hidden, long[] mask) =>
        new(
            ImmutableDictionary<string, NumericArray>
                .Empty.Add("attention_mask", NumericArray.Of(mask, 1, mask.Length))
                .Add(
                    hidden is null ? "input_ids" : "hidden",
                    hidden is null
                        ? NumericArray.Of(new long[] { 5, 6, 7, 8, 9, 10 }, 1, 6)
                        : NumericArray.Of(hidden, 1, mask.Length, Width)
                )
        );

    private static float[] Hidden(int first, int end) =>
        [.. Enumerable.Range(first * Width, (end - first) * Width).Select(index => (float)Math.Sin(3.7 * index))];

    private static Model ModelOf(Graph graph) =>
        new(graph, 8, ImmutableSortedDictionary<string, long>.Empty.Add("", 17).Add(OperatorKey.Microsoft, 1));

    // One attention over the hidden states, with the whole mask or with its sum.
    private static Model Handmade(string name, int maskInput, bool isCounted)
    {
        var graph = new Graph();
        var model = ModelOf(graph);
        var ops = new OpBuilder(graph, NameScope.Of(model), 17, "model");
        var hidden = graph.AddInput(
            "hidden",
            new TensorType(
                ElementType.Float32,
                Shape.Of(Dimension.Named("batch"), Dimension.Named("length"), Dimension.Fixed(Width))
            )
        );
        var marks = graph.AddInput(
            "attention_mask",
            new TensorType(ElementType.Int64, Shape.Of(Dimension.Named("batch"), Dimension.Named("length")))
        );
        var mask = isCounted ? CountsOf(ops, marks) : ops.Cast(marks, ElementType.Int32);
        var weights = graph.AddInitializer(
            "weights",
            TensorData.FromFloats(
                [Width, 3 * Width],
                [.. Enumerable.Range(0, 3 * Width * Width).Select(index => (float)Math.Cos(index))]
            )
        );
        var bias = graph.AddInitializer("bias", TensorData.FromFloats([3 * Width], new float[3 * Width]));
        Value?[] data = name == "Attention" ? [hidden, weights, bias] : [hidden, hidden, hidden];
        var output = ops.Emit(
            name,
            [.. data, .. Enumerable.Repeat<Value?>(null, maskInput - data.Length), mask],
            [NodeAttribute.Of("num_heads", (long)Heads)],
            OperatorKey.Microsoft
        );
        output.Type = hidden.Type;
        graph.AddOutput(output);
        return model;
    }

    private static Value CountsOf(OpBuilder ops, Value marks) =>
        ops.Cast(
            ops.Emit("ReduceSum", [marks, ops.Constant(1)], [NodeAttribute.Of("keepdims", 0L)]),
            ElementType.Int32
        );

    [TestCase("gpt2/dynamo", 0, true)]
    [TestCase("gpt2/dynamo", 1, false)]
    [TestCase("gpt2/optimum", 0, false)]
    [TestCase("opt/dynamo", 0, false)]
    public void Padding_on_the_left_is_warned_of_where_it_is_counted(string export, long first, bool isWarned)
    {
        using var model = ReferenceExports.Load(export);
        var inputs = ModelInputs.FromTokens([1, 5, 6, 7]);
        inputs = new ModelInputs(
            inputs.Arrays.Add("attention_mask", NumericArray.Of(new[] { first, 1L, 1, 1 - (first == 1 ? 1 : 0) }, 1, 4))
        );

        Assert.That(model.Warnings(inputs).Any(), Is.EqualTo(isWarned));
    }
}
