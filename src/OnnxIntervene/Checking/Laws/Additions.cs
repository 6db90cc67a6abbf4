using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Checking.Laws;

/// <summary>Counts the additions by which a layer's stream grows, in the graph.</summary>
internal static class Additions
{
    private const int MostSteps = 64;

    private static readonly HashSet<string> s_transparent = ["Cast", "Reshape", "Identity", "Squeeze", "Unsqueeze"];

    /// <summary>
    /// The additions from one tensor of the stream to a later one, of constants or of what is computed from the stream;
    /// null where no chain of them leads there.
    /// </summary>
    public static int? Between(Component before, Component after)
    {
        if (
            SourcePlaces.Values(before.Source).FirstOrDefault() is not { } start
            || SourcePlaces.Values(after.Source).FirstOrDefault() is not { } end
        )
            return null;
        var computed = Dataflow.ComputedFrom([start]);
        var open = new Queue<(Value Value, int Count)>([(end, 0)]);
        for (var steps = 0; steps < MostSteps && open.TryDequeue(out var at); steps++)
        {
            if (at.Value == start)
                return at.Count;
            if (at.Value.Producer is not { } producer)
                continue;
            var isSum = producer.Operator.OperatorType is "Add" or "Sum" or "Sub";
            foreach (var input in StreamInputs(producer).Where(input => !GraphConstants.IsConstant(input)))
                open.Enqueue((input, at.Count + (isSum && Grows(producer, input, computed) ? Terms(producer) : 0)));
        }

        return null;
    }

    // What holds the stream before, perhaps scaled or clipped.
    private static IEnumerable<Value> StreamInputs(Node node) =>
        node.Operator.OperatorType switch
        {
            "Add" or "Sum" => node.Inputs.OfType<Value>(),
            "Mul" or "Div" when Dataflow.ScaledInput(node) is { } scaled => [node.Inputs[scaled]!],
            "Where" => node.Inputs.Skip(1).OfType<Value>(),
            "Sub" or "Clip" => node.Inputs.Take(1).OfType<Value>(),
            var type when s_transparent.Contains(type) => node.Inputs.Take(1).OfType<Value>(),
            _ => [],
        };

    private static int Terms(Node sum) => sum.Inputs.Count - 1;

    private static bool Grows(Node addition, Value stream, HashSet<Value> computed) =>
        addition
            .Inputs.OfType<Value>()
            .Where(other => other != stream)
            .All(other => other.IsConstant || computed.Contains(other));
}
