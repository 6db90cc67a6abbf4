using System.Collections.Immutable;

namespace OnnxIntervene.IR.Tests;

/// <summary>
/// Small models for what the references lack. Each computes from <c>x</c>, float32 <c>[2, 3]</c>, to <c>y</c>.
/// </summary>
internal static class SampleModels
{
    private static readonly TensorType s_matrix = new(ElementType.Float32, Shape.Of(2, 3));

    public static Model Simple(int irVersion, int operatorSet)
    {
        var graph = new Graph("simple");
        var x = graph.AddInput("x", s_matrix);
        var weight = graph.AddInitializer("w", TensorData.FromFloats([2, 3], [1, -2, 3, -4, 5, -6]));
        if (irVersion < 4)
            graph.AddInput(weight);
        var sum = graph.AddNode("sum", new("", "Add"), [x, weight], ["sum_out"], []);
        var y = graph.AddNode("relu", new("", "Relu"), [sum.Output], ["y"], []).Output;
        y.Type = s_matrix;
        graph.AddOutput(y);
        return Around(graph, irVersion, operatorSet);
    }

    /// <summary>An If whose branches read the sum outside them.</summary>
    public static Model WithBranches()
    {
        var model = Simple(8, 16);
        var graph = model.Graph;
        var sum = graph.FindValue("sum_out")!;
        var condition = graph.AddInitializer("condition", TensorData.FromBytes(ElementType.Bool, [], new byte[] { 1 }));
        NodeAttribute[] branches =
        [
            NodeAttribute.Of("then_branch", Branch("then", sum, "Neg")),
            NodeAttribute.Of("else_branch", Branch("else", sum, "Abs")),
        ];
        var choice = graph.AddNode("choice", new("", "If"), [condition], ["choice_out"], branches);
        choice.Output.Type = s_matrix;
        graph.AddOutput(choice.Output);
        return model;
    }

    /// <summary>A Loop that doubles the sum three times, reading the input from outside its body.</summary>
    public static Model WithLoop()
    {
        var model = Simple(8, 16);
        var graph = model.Graph;
        var body = new Graph("body");
        body.AddInput("index", new TensorType(ElementType.Int64, Shape.Of(ReadOnlySpan<long>.Empty)));
        var more = body.AddInput("more", new TensorType(ElementType.Bool, Shape.Of(ReadOnlySpan<long>.Empty)));
        var state = body.AddInput("state", s_matrix);
        var next = body.AddNode("grow", new("", "Add"), [state, graph.FindValue("sum_out")!], ["state_out"], []).Output;
        next.Type = s_matrix;
        var still = body.AddNode("still", new("", "Identity"), [more], ["more_out"], []).Output;
        still.Type = more.Type;
        body.AddOutput(still);
        body.AddOutput(next);
        var count = graph.AddInitializer("count", TensorData.FromIntegers([], [3]));
        var loop = graph.AddNode(
            "loop",
            new("", "Loop"),
            [count, null, graph.FindValue("x")!],
            ["loop_out"],
            [NodeAttribute.Of("body", body)]
        );
        loop.Output.Type = s_matrix;
        graph.AddOutput(loop.Output);
        return model;
    }

    /// <summary>A Scan over the rows of the input.</summary>
    public static Model WithScan()
    {
        var model = Simple(8, 16);
        var row = new TensorType(ElementType.Float32, Shape.Of(3));
        var body = new Graph("rows");
        var (state, part) = (body.AddInput("state", row), body.AddInput("part", row));
        var sum = body.AddNode("row_sum", new("", "Add"), [state, part], ["row_sum_out"], []).Output;
        var copy = body.AddNode("row_copy", new("", "Identity"), [sum], ["row_copy_out"], []).Output;
        (sum.Type, copy.Type) = (row, row);
        body.AddOutput(sum);
        body.AddOutput(copy);
        var start = model.Graph.AddInitializer("start", TensorData.FromFloats([3], [0, 0, 0]));
        var scan = model.Graph.AddNode(
            "scan",
            new("", "Scan"),
            [start, model.Graph.FindValue("x")!],
            ["last", "rows_out"],
            [NodeAttribute.Of("body", body), NodeAttribute.Of("num_scan_inputs", 1L)]
        );
        scan.Outputs[1]!.Type = s_matrix;
        model.Graph.AddOutput(scan.Outputs[1]!);
        return model;
    }

    /// <summary>A function of the model's own, called twice, with an attribute that the call gives.</summary>
    public static Model WithFunction(int irVersion)
    {
        var body = new Graph("Leak");
        var input = body.AddInput("in");
        var leak = NodeAttribute.Create("alpha", AttributeKind.Float, null, "slope", default);
        body.AddOutput(body.AddNode("leaky", new("", "LeakyRelu"), [input], ["out"], [leak]).Output);
        var function = new LocalFunction(new OperatorKey("own", "Leak"), body)
        {
            RequiredAttributes = ["slope"],
            OperatorSets = ImmutableSortedDictionary<string, long>.Empty.Add("", 17),
        };
        var model = Simple(irVersion, 17);
        model.OperatorSets = model.OperatorSets.Add("own", 1);
        model.Functions = [function];
        var value = model.Graph.FindValue("sum_out")!;
        for (var call = 0; call < 2; call++)
            value = model
                .Graph.AddNode(
                    $"call{call}",
                    function.Key,
                    [value],
                    [$"call{call}_out"],
                    [NodeAttribute.Of("slope", 0.1f)]
                )
                .Output;
        value.Type = s_matrix;
        model.Graph.AddOutput(value);
        return model;
    }

    /// <summary>Nodes with an optional input left out, in opsets that have Clip's bounds as inputs.</summary>
    public static Model WithOptionalInput()
    {
        var model = Simple(10, 18);
        var top = model.Graph.AddInitializer("top", TensorData.FromFloats([], [0.5f]));
        var clip = model.Graph.AddNode(
            "clip",
            new("", "Clip"),
            [model.Graph.FindValue("sum_out")!, null, top],
            ["clipped"],
            []
        );
        clip.Output.Type = s_matrix;
        clip.Metadata = [KeyValuePair.Create("author", "a test"), KeyValuePair.Create("namespace", "layer.0")];
        model.Metadata = [KeyValuePair.Create("note", "of the model")];
        model.Graph.AddOutput(clip.Output);
        return model;
    }

    private static Graph Branch(string name, Value captured, string operatorType)
    {
        var branch = new Graph(name);
        var result = branch.AddNode($"{name}/node", new("", operatorType), [captured], [$"{name}_out"], []).Output;
        result.Type = s_matrix;
        branch.AddOutput(result);
        return branch;
    }

    private static Model Around(Graph graph, int irVersion, int operatorSet) =>
        new(graph, irVersion, ImmutableSortedDictionary<string, long>.Empty.Add("", operatorSet));
}
