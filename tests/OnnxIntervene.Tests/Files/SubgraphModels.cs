using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Files;

/// <summary>
/// One If, Loop or Scan between two tensors of the main graph; all of them read <c>hidden</c> from outside.
/// </summary>
internal static class SubgraphModels
{
    private static readonly TensorType s_type = ModelSketch.Type(ElementType.Float32, -1, 4, 6);

    public static Model Of(string type)
    {
        var sketch = new ModelSketch(8, 17);
        var hidden = sketch.Op(
            "hidden",
            "Tanh",
            [sketch.Op("up", "MatMul", [sketch.Input("x", -1, 4, 5), sketch.Weights("weights", 5, 6)])]
        );
        var flag = sketch.Constant("flag", TensorData.FromBytes(ElementType.Bool, [], new byte[] { 1 }));
        var given = type switch
        {
            "If" => Choice(sketch, flag, hidden),
            "Loop" => sketch.Op(
                "given",
                "Loop",
                [sketch.Constant("count", TensorData.FromIntegers([], [3])), flag, hidden],
                NodeAttribute.Of("body", Step(hidden))
            ),
            _ => Scan(sketch, hidden),
        };
        given.Type = s_type;
        var y = sketch.Op("y", "MatMul", [given, sketch.Weights("down", 6, 3)]);
        var sum = sketch.Op(
            "with_hidden",
            "Add",
            [y, sketch.Op("hidden_down", "MatMul", [hidden, sketch.Weights("hidden_weights", 6, 3)])]
        );
        (y.Type, sum.Type) = (
            ModelSketch.Type(ElementType.Float32, -1, 4, 3),
            ModelSketch.Type(ElementType.Float32, -1, 4, 3)
        );
        return sketch.Build(y, sum);
    }

    private static Value Choice(ModelSketch sketch, Value flag, Value hidden) =>
        sketch.Op(
            "given",
            "If",
            [flag],
            NodeAttribute.Of("then_branch", Branch("then", hidden, "Sigmoid")),
            NodeAttribute.Of("else_branch", Branch("else", hidden, "Neg"))
        );

    private static Value Scan(ModelSketch sketch, Value hidden)
    {
        var start = sketch.Op(
            "start",
            "ReduceMean",
            [hidden],
            NodeAttribute.Of("axes", [1L]),
            NodeAttribute.Of("keepdims", 0L)
        );
        NodeAttribute[] settings =
        [
            NodeAttribute.Of("body", Row()),
            NodeAttribute.Of("num_scan_inputs", 1L),
            NodeAttribute.Of("scan_input_axes", [1L]),
            NodeAttribute.Of("scan_output_axes", [1L]),
        ];
        return sketch.Node("given", "Scan", [start, hidden], ["last", "given"], settings).Outputs[1]!;
    }

    private static Graph Branch(string name, Value hidden, string type)
    {
        var branch = new Graph(name);
        var inside = branch.AddNode(name, new("", type), [hidden], [$"inside_{name}"], []).Output;
        Give(branch, branch.AddNode($"{name}_end", new("", "Identity"), [inside], [$"{name}_out"], []).Output, s_type);
        return branch;
    }

    private static Graph Step(Value hidden)
    {
        var body = new Graph("step");
        body.AddInput("index", ModelSketch.Type(ElementType.Int64));
        var more = body.AddInput("more", ModelSketch.Type(ElementType.Bool));
        var state = body.AddInput("state", s_type);
        var inside = body.AddNode("inside", new("", "Add"), [state, hidden], ["inside_step"], []).Output;
        inside.Type = s_type;
        Give(body, body.AddNode("still", new("", "Identity"), [more], ["more_out"], []).Output, more.Type!);
        Give(body, body.AddNode("next", new("", "Sigmoid"), [inside], ["state_out"], []).Output, s_type);
        return body;
    }

    private static Graph Row()
    {
        var row = ModelSketch.Type(ElementType.Float32, -1, 6);
        var body = new Graph("row");
        var (state, part) = (body.AddInput("sum", row), body.AddInput("part", row));
        var inside = body.AddNode("inside", new("", "Add"), [state, part], ["inside_row"], []).Output;
        Give(body, body.AddNode("sum_end", new("", "Tanh"), [inside], ["sum_out"], []).Output, row);
        Give(body, body.AddNode("row_end", new("", "Identity"), [inside], ["row_out"], []).Output, row);
        return body;
    }

    private static void Give(Graph graph, Value value, TensorType type)
    {
        value.Type = type;
        graph.AddOutput(value);
    }
}
