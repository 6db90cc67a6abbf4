using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// An intervention of the user's own: nodes that compute the new values, inside the graph. Two instances are two
/// structures of graph, so that one is best kept and used again.
/// </summary>
public sealed record CustomIntervention : Intervention
{
    internal static InterventionType Kind { get; } =
        new("Custom", rows => rows.Choose(rows.Custom!.Built(rows), rows.Base))
        {
            Source = KindSource.None,
            IsPyvenes = false,
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="build">Writes the nodes and returns the new values, <c>[units, width]</c>.</param>
    /// <param name="parameters">Arrays that runs feed, by name; null for none.</param>
    /// <param name="takesSource">Whether it reads a source.</param>
    public CustomIntervention(
        Func<CustomRows, Value> build,
        IReadOnlyDictionary<string, NumericArray>? parameters = null,
        bool takesSource = false
    )
        : base(
            Kind,
            default,
            [
                .. (parameters ?? ImmutableDictionary<string, NumericArray>.Empty).Select(entry =>
                    (entry.Key, entry.Value)
                ),
            ]
        )
    {
        (Build, TakesSource) = (build, takesSource);
    }

    /// <summary>What writes the nodes.</summary>
    public Func<CustomRows, Value> Build { get; }

    /// <summary>Whether it reads a source.</summary>
    public override bool TakesSource { get; }

    /// <summary>The parameters that were given: the kind itself has none.</summary>
    internal override ImmutableArray<(string Name, ImmutableArray<int> Shape)> GraphParameters =>
        [
            .. Parameters
                .OrderBy(entry => entry.Key, StringComparer.Ordinal)
                .Select(entry => (entry.Key, entry.Value.Shape)),
        ];

    /// <summary>
    /// The intervention of a small ONNX model: its input <c>base</c>, and <c>source</c> where it takes one, are
    /// <c>[units, width]</c>, its first output is the new values; its initializers are copied too.
    /// </summary>
    /// <exception cref="InterventionException">
    /// The model has other inputs, no output, or nested graphs or functions.
    /// </exception>
    public static CustomIntervention FromModel(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var graph = model.Graph;
        if (
            graph.Inputs.FirstOrDefault(input => input.Initializer is null && input.Name is not ("base" or "source")) is
            { } other
        )
            throw new InterventionException(
                $"The intervention's model has the input '{other.Name}'; its inputs must be 'base' and 'source'."
            );
        if (graph.Outputs.Count == 0 || model.Functions.Length > 0 || graph.Nodes.Any(node => node.Subgraphs.Any()))
            throw new InterventionException(
                "The intervention's model must have an output, and neither functions nor nested graphs."
            );
        return new CustomIntervention(
            rows => Inline(model, rows),
            null,
            graph.Inputs.Any(input => input.Name == "source")
        );
    }

    private Value Built(KindRows rows) => Build(new CustomRows(rows.Ops, rows.Base, rows.Source, rows.Parameters));

    private static Value Inline(Model model, CustomRows rows)
    {
        if (rows.Ops.OperatorSetVersion != model.OperatorSetVersion)
        {
            throw new InterventionException(
                $"The intervention's model uses operator set {model.OperatorSetVersion}, but the model it goes into "
                    + $"{rows.Ops.OperatorSetVersion}; export it for that one."
            );
        }

        var values = new Dictionary<Value, Value>();
        foreach (var input in model.Graph.Inputs.Where(input => input.Initializer is null))
            values.Add(input, input.Name == "base" ? rows.Base : rows.Source!);
        foreach (var constant in model.Graph.Initializers.Where(value => value.Initializer is not null))
            values.Add(
                constant,
                rows.Ops.Graph.AddInitializer(
                    rows.Ops.Names.Unique($"{NameScope.Prefix}custom/{constant.Name}"),
                    constant.Initializer!
                )
            );
        foreach (var node in model.Graph.Nodes)
        {
            var outputs = rows.Ops.EmitMany(
                node.Operator.Name,
                node.Inputs.Select(input => input is null ? null : values[input]),
                node.Attributes,
                node.Operator.Domain,
                node.Outputs.Count
            );
            for (var index = 0; index < outputs.Length; index++)
            {
                if (node.Outputs[index] is { } output)
                    values.Add(output, outputs[index]);
            }
        }

        return values[model.Graph.Outputs[0]];
    }
}

public sealed partial class InterventionType
{
    /// <summary>What the user's nodes compute from x and s, inside the graph.</summary>
    public static InterventionType Custom => CustomIntervention.Kind;
}
