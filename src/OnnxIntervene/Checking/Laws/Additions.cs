using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;

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
        var computed = LayerSpans.ComputedFrom([start]);
        var open = new Queue<(Value Value, int Count)>([(end, 0)]);
        for (var steps = 0; steps < MostSteps && open.TryDequeue(out var at); steps++)
        {
            if (at.Value == start)
                return at.Count;
            if (at.Value.Producer is not { } producer)
                continue;
            var type = producer.Operator.OperatorType;
            var inputs = producer.Inputs.Take(
                type == "Add" ? 2
                : s_transparent.Contains(type) ? 1
                : 0
            );
            foreach (var input in inputs.OfType<Value>().Where(input => !input.IsConstant))
                open.Enqueue((input, at.Count + (type == "Add" && Grows(producer, input, computed) ? 1 : 0)));
        }

        return null;
    }

    private static bool Grows(Node addition, Value stream, HashSet<Value> computed) =>
        addition
            .Inputs.OfType<Value>()
            .Where(other => other != stream)
            .All(other => other.IsConstant || computed.Contains(other));
}
