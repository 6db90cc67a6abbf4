using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Tests.Growth;

/// <summary>Graphs of several shapes and any size. Each has an input and outputs <c>[batch, position, 8]</c>.</summary>
internal static class GrowingGraphs
{
    private const int Width = 8;
    private const int OperatorSet = 17;

    private static readonly TensorType s_type = new(
        ElementType.Float32,
        Shape.Of(Dimension.Named("batch"), Dimension.Named("position"), Dimension.Fixed(Width))
    );

    /// <summary>The shapes by name, with the size that the smaller of two graphs has.</summary>
    public static ImmutableSortedDictionary<string, (int Size, Func<int, Model> Build)> All { get; } =
        new Dictionary<string, (int, Func<int, Model>)>
        {
            ["a chain"] = (400, size => Repeated(size, (ops, value) => ops.Emit("Relu", [value]))),
            ["a chain of identities"] = (400, size => Repeated(size, (ops, value) => ops.Identity(value))),
            ["a chain of squares"] = (100, size => Repeated(size, (ops, value) => ops.Mul(value, value))),
            ["a chain of splits"] = (200, size => Repeated(size, Halved)),
            ["a chain of softmaxes"] = (100, size => Repeated(size, Mixed)),
            ["layers"] = (20, size => Repeated(size, Layer)),
            ["layers that gate themselves"] = (20, size => Repeated(size, GatedLayer)),
            ["shapes that are computed"] = (100, size => Repeated(size, Reshaped)),
            ["one value that all nodes read"] = (200, FanOut),
            ["many outputs of one node"] = (100, WideLoop),
            ["a constant for each node"] = (200, size => Repeated(size, AddConstant)),
            ["additions far from what they add to"] = (60, Nested),
            ["branches in branches"] = (6, size => Deep(size, Branches)),
            ["loops in loops"] = (6, size => Deep(size, Loop)),
            ["steps written out"] = (60, Unrolled),
            ["calls of one name"] = (60, Calls),
            ["matrices computed from each other"] = (60, Matrices),
        }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>Functions that call each other, each four times: a level more is four times the nodes.</summary>
    public static Model Functions(int levels)
    {
        var (model, ops, value) = New();
        model.Functions = [.. Enumerable.Range(0, levels).Select(Function)];
        Finish(model, Call(ops.Graph, value, levels - 1, "call"));
        return model;

        static LocalFunction Function(int level)
        {
            var body = new Graph($"f{level}");
            var value = body.AddInput("x");
            for (var call = 0; call < 4; call++)
                value =
                    level == 0
                        ? Node(body, $"r{call}", "Relu", value).Output
                        : Call(body, value, level - 1, $"c{call}");
            body.AddOutput(value);
            return new LocalFunction(new OperatorKey("local", $"f{level}"), body)
            {
                OperatorSets = OperatorSets().Add("local", 1),
            };
        }
    }

    private static Value Call(Graph graph, Value value, int function, string name) =>
        graph.AddNode(name, new OperatorKey("local", $"f{function}"), [value], [$"{name}_out"], []).Output;

    private static Model Repeated(int size, Func<OpBuilder, Value, Value> step)
    {
        var (model, ops, value) = New();
        for (var index = 0; index < size; index++)
            value = step(ops, value);
        Finish(model, value);
        return model;
    }

    private static Value Halved(OpBuilder ops, Value value) =>
        Node(
            ops.Graph,
            ops.Names.Unique("halves"),
            "Split",
            value,
            outputs: 2,
            attribute: NodeAttribute.Of("axis", 1L)
        ).Outputs[0]!;

    // An attention without a linear layer.
    private static Value Mixed(OpBuilder ops, Value value)
    {
        var scores = ops.Emit("MatMul", [value, ops.Transpose(value, 0, 2, 1)]);
        return ops.Add(value, ops.Emit("MatMul", [ops.Emit("Softmax", [scores]), value]));
    }

    private static Value Layer(OpBuilder ops, Value value) =>
        ops.Add(value, Linear(ops, ops.Emit("Relu", [Linear(ops, value)])));

    private static Value GatedLayer(OpBuilder ops, Value value) =>
        ops.Add(value, Linear(ops, ops.Mul(value, ops.Emit("Sigmoid", [Linear(ops, value)]))));

    private static Value Linear(OpBuilder ops, Value value) => ops.Emit("MatMul", [value, Constant(ops, Width, Width)]);

    private static Value AddConstant(OpBuilder ops, Value value) => ops.Add(value, Constant(ops, Width));

    private static Value Constant(OpBuilder ops, params long[] sizes) =>
        ops.Graph.AddInitializer(
            ops.Names.Unique("weight"),
            TensorData.FromFloats(sizes, new float[sizes.Aggregate(1L, (product, size) => product * size)])
        );

    private static Value Reshaped(OpBuilder ops, Value value) => ops.Reshape(value, ops.ShapeOf(value));

    private static Model FanOut(int size)
    {
        var (model, ops, value) = New();
        for (var index = 0; index < size; index++)
            Finish(model, ops.Add(value, Linear(ops, value)));
        return model;
    }

    // A loop with as many states.
    private static Model WideLoop(int size)
    {
        var (model, ops, value) = New();
        var states = Enumerable.Range(0, size).Select(_ => ops.Emit("Relu", [value])).ToList();
        var body = new Graph("body");
        Value[] inputs =
        [
            body.AddInput("step"),
            body.AddInput("goes_on"),
            .. states.Select((_, index) => body.AddInput($"in{index}")),
        ];
        body.AddOutput(Node(body, "condition", "Identity", inputs[1]).Output);
        foreach (var state in inputs[2..])
            body.AddOutput(Node(body, $"{state.Name}/next", "Tanh", state).Output);
        var steps = ops.Graph.AddInitializer("steps", TensorData.FromIntegers([], [3]));
        var loop = ops.Graph.AddNode(
            "loop",
            new OperatorKey("", "Loop"),
            [steps, null, .. states],
            Enumerable.Range(0, size).Select(index => $"state{index}"),
            [NodeAttribute.Of("body", body)]
        );
        foreach (var output in loop.Outputs)
            Finish(model, output!);
        return model;
    }

    // The first is added to the last, the second to the last but one, and so on.
    private static Model Nested(int size)
    {
        var (model, ops, value) = New();
        var passed = new Stack<Value>();
        for (var index = 0; index < size; index++)
            passed.Push(value = Linear(ops, ops.Emit("Relu", [value])));
        while (passed.TryPop(out var earlier))
            value = ops.Add(earlier, ops.Emit("Relu", [Linear(ops, value)]));
        Finish(model, value);
        return model;
    }

    private static Model Deep(int size, Func<Graph, Value, int, Value> inside)
    {
        var (model, ops, value) = New();
        Finish(model, inside(ops.Graph, value, size));
        return model;
    }

    private static Value Branches(Graph graph, Value value, int depth)
    {
        if (depth == 0)
            return Node(graph, $"{graph.Name}/leaf", "Relu", value).Output;
        var condition = graph.AddInitializer(
            $"{graph.Name}/c",
            TensorData.FromBytes(ElementType.Bool, [], new byte[] { 1 })
        );
        var (first, second) = (new Graph($"t{depth}"), new Graph($"e{depth}"));
        first.AddOutput(Branches(first, value, depth - 1));
        second.AddOutput(Node(second, $"{second.Name}/leaf", "Tanh", value).Output);
        return graph
            .AddNode(
                $"{graph.Name}/if",
                new OperatorKey("", "If"),
                [condition],
                [$"{graph.Name}/if_out"],
                [NodeAttribute.Of("then_branch", first), NodeAttribute.Of("else_branch", second)]
            )
            .Output;
    }

    private static Value Loop(Graph graph, Value value, int depth)
    {
        if (depth == 0)
            return Node(graph, $"{graph.Name}/leaf", "Relu", value).Output;
        var body = new Graph($"b{depth}");
        body.AddInput($"{body.Name}/step");
        var goesOn = body.AddInput($"{body.Name}/goes_on");
        var state = body.AddInput($"{body.Name}/state");
        body.AddOutput(Node(body, $"{body.Name}/condition", "Identity", goesOn).Output);
        body.AddOutput(Loop(body, state, depth - 1));
        var steps = graph.AddInitializer($"{graph.Name}/steps", TensorData.FromIntegers([], [3]));
        return graph
            .AddNode(
                $"{graph.Name}/loop",
                new OperatorKey("", "Loop"),
                [steps, null, value],
                [$"{graph.Name}/loop_out"],
                [NodeAttribute.Of("body", body)]
            )
            .Output;
    }

    // A recurrent layer without an operator of its own: the states are stacked at the end.
    private static Model Unrolled(int size)
    {
        var (model, ops, value) = New();
        var weight = Constant(ops, Width, Width);
        var states = new List<Value>();
        for (var index = 0; index < size; index++)
            states.Add(value = ops.Emit("Tanh", [ops.Emit("MatMul", [value, weight])]));
        var stacked = ops.Concat(0, [.. states.Select(state => ops.Unsqueeze(state, 0))]);
        ops.Emit("Relu", [stacked]);
        Finish(model, states[^1]);
        return model;
    }

    // Each layer's matrix is computed from the one before it, and all are joined at the end.
    private static Model Matrices(int size)
    {
        var (model, ops, value) = New();
        var matrices = new List<Value> { Constant(ops, Width, Width) };
        for (var index = 0; index < size; index++)
        {
            value = ops.Emit("Relu", [ops.Emit("MatMul", [value, matrices[^1]])]);
            matrices.Add(ops.Mul(matrices[^1], matrices[0]));
        }

        Finish(model, ops.Add(value, ops.Emit("ReduceMean", [ops.Concat(0, [.. matrices])])));
        return model;
    }

    private static Model Calls(int size)
    {
        var (model, ops, value) = New();
        var body = new Graph("f");
        body.AddOutput(Node(body, "r", "Relu", body.AddInput("x")).Output);
        model.Functions = [new LocalFunction(new OperatorKey("local", "f"), body) { OperatorSets = OperatorSets() }];
        for (var index = 0; index < size; index++)
            value = ops.Graph.AddNode("", new OperatorKey("local", "f"), [value], [$"v{index}"], []).Output;
        Finish(model, value);
        return model;
    }

    private static Node Node(
        Graph graph,
        string name,
        string type,
        Value input,
        int outputs = 1,
        NodeAttribute? attribute = null
    ) =>
        graph.AddNode(
            name,
            new OperatorKey("", type),
            [input],
            Enumerable.Range(0, outputs).Select(index => $"{name}_{index}"),
            attribute is null ? [] : [attribute]
        );

    private static (Model Model, OpBuilder Ops, Value Input) New()
    {
        var graph = new Graph("main");
        var model = new Model(graph, 8, OperatorSets().Add("local", 1));
        return (model, new OpBuilder(graph, NameScope.Of(model), OperatorSet, "growing"), graph.AddInput("x", s_type));
    }

    private static ImmutableSortedDictionary<string, long> OperatorSets() =>
        ImmutableSortedDictionary<string, long>.Empty.Add("", OperatorSet);

    private static void Finish(Model model, Value output)
    {
        output.Type = s_type;
        model.Graph.AddOutput(output);
    }
}
