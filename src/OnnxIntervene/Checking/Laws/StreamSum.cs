using System.Collections.Immutable;
using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// A layer's stream as the sum that the graph computes it as: of the stream before and what sub-layers output, each
/// times the constants that it is multiplied with on the way (LayerScale, ReZero, DeepNorm). Where the graph shows no
/// such sum, each is taken once.
/// </summary>
internal sealed class StreamSum
{
    private const int MostSteps = 64;

    private static readonly HashSet<string> s_transparent = ["Cast", "Reshape", "Identity", "Dropout", "Squeeze"];

    private readonly List<(Component Component, ImmutableArray<Factor> Factors)> _terms = [];
    private readonly ILookup<Value, Component> _places;
    private bool _isKnown = true;

    private StreamSum(IEnumerable<Component> components) =>
        _places = components
            .SelectMany(item => SourcePlaces.Values(item.Source).Take(1).Select(value => (value, item)))
            .ToLookup(pair => pair.value, pair => pair.item);

    /// <summary>
    /// The node on the way that does what only a run decides (a mask, a gate, a clip); null where there is none.
    /// </summary>
    public Node? Obstacle { get; private set; }

    /// <summary>The sum of a stream before and of what is added to it.</summary>
    public static StreamSum Of(Component before, Component after, ImmutableArray<Component> added)
    {
        var sum = new StreamSum(added.Prepend(before));
        foreach (var end in SourcePlaces.Values(after.Source).Take(1))
            sum.Follow(end);
        if (!sum._isKnown || added.Prepend(before).Any(item => sum._terms.TrueForAll(term => term.Component != item)))
        {
            sum._terms.Clear();
            sum._terms.AddRange(added.Prepend(before).Select(item => (item, ImmutableArray<Factor>.Empty)));
            sum.Obstacle = null;
        }

        return sum;
    }

    /// <summary>The sum's numbers in a run, these components taken as zero.</summary>
    public float[] In(Snapshot run, params ReadOnlySpan<Component> zero)
    {
        var sum = new float[run[_terms[0].Component.Address].Length];
        foreach (var (component, factors) in _terms)
        {
            if (zero.Contains(component))
                continue;
            var numbers = run[component.Address].Floats;
            for (var index = 0; index < Math.Min(sum.Length, numbers.Length); index++)
                sum[index] += factors.Aggregate(numbers[index], (number, factor) => factor.Times(number, index));
        }

        return sum;
    }

    private void Follow(Value end)
    {
        var open = new Queue<(Value Value, ImmutableArray<Factor> Factors)>([(end, [])]);
        for (var steps = 0; open.TryDequeue(out var at); steps++)
        {
            if (_places[at.Value].FirstOrDefault() is { } component)
                _terms.Add((component, at.Factors));
            else if (steps > MostSteps || at.Value.Producer is not { } producer || Terms(producer) is not { } terms)
                _isKnown = false;
            else
                foreach (var (value, factor) in terms)
                    open.Enqueue((value, factor is null ? at.Factors : at.Factors.Add(factor)));
        }
    }

    // What a node's output is the sum of; null where it is no sum.
    private IEnumerable<(Value Value, Factor? Factor)>? Terms(Node node)
    {
        var inputs = node.Inputs.OfType<Value>().ToList();
        switch (node.Operator.OperatorType)
        {
            case "Add" or "Sum":
                return inputs.Select(input => (input, (Factor?)null));
            case "Sub":
                return [(inputs[0], null), (inputs[1], Factor.Negative)];
            case "Neg":
                return [(inputs[0], Factor.Negative)];
            case "Mul" or "Div" when Dataflow.ScaledInput(node) is { } scaled:
                return Factor.Of(node.Inputs[1 - scaled]!, node.Operator.OperatorType == "Div") is { } factor
                    ? [(node.Inputs[scaled]!, factor)]
                    : Passed(node, node.Inputs[scaled]!);
            case "Mul":
                return inputs.Find(IsBesideComponent) is { } side ? Passed(node, side) : null;
            case "Clip":
                return Passed(node, inputs[0]);
            case "Where":
                return inputs.Skip(1).FirstOrDefault(input => !GraphConstants.IsConstant(input)) is { } kept
                    ? Passed(node, kept)
                    : null;
            case var type when s_transparent.Contains(type):
                return [(inputs[0], null)];
            default:
                return null;
        }
    }

    private IEnumerable<(Value Value, Factor? Factor)> Passed(Node node, Value value)
    {
        Obstacle ??= node;
        return [(value, null)];
    }

    // Of two computed factors, the one that is a component, or a sum of them, is what is masked or gated.
    private bool IsBesideComponent(Value value)
    {
        var root = Dataflow.FlatRoot(value);
        return _places.Contains(value)
            || _places.Contains(root)
            || root.Producer is { Operator.OperatorType: "Add" or "Sum" };
    }

    /// <summary>A constant that numbers are multiplied with: one number, or one for each channel.</summary>
    private sealed class Factor(float[] numbers)
    {
        public static Factor Negative { get; } = new([-1]);

        public static Factor? Of(Value value, bool isDivisor)
        {
            if (Read(value) is not { } data || !data.ElementType.IsFloat() || data.Count == 0)
                return null;
            if (data.Count > 1 && data.Count != data.Dimensions[^1])
                return null;
            var numbers = data.ReadFloats();
            return new Factor(isDivisor ? Array.ConvertAll(numbers, number => 1 / number) : numbers);
        }

        public float Times(float number, int index) => number * numbers[index % numbers.Length];

        private static TensorData? Read(Value value) =>
            value.Initializer
            ?? (
                value.Producer is { Operator.OperatorType: "Constant" } constant
                && constant.FindAttribute("value") is { Kind: AttributeKind.Tensor } tensor
                    ? tensor.Tensor
                    : null
            );
    }
}
