using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>
/// Compares nodes with the specifications of their operators: how many inputs and outputs there are, which are left
/// out, and what attributes hold. Operators that are not in the table are left alone.
/// </summary>
internal sealed class OperatorCheck(
    ImmutableSortedDictionary<string, long> operatorSets,
    IReadOnlySet<OperatorKey> functions
)
{
    // What follows reads inputs and attributes by the specification, so one fault is enough to stop; a few help more.
    private const int MostFaults = 10;

    /// <summary>Throws when a node of the model breaks its operator's specification.</summary>
    /// <param name="model">The model.</param>
    /// <param name="name">What the message calls the model: its path.</param>
    /// <exception cref="ModelFormatException">Up to ten faults, each with its node.</exception>
    public static void Verify(Model model, string name)
    {
        var functions = model.Functions.Select(function => function.Key).ToHashSet();
        var faults = new OperatorCheck(model.OperatorSets, functions)
            .FaultsOf(model.Graph)
            .Concat(
                model.Functions.SelectMany(function =>
                    new OperatorCheck(function.OperatorSets, functions).FaultsOf(function.Body)
                )
            )
            .Take(MostFaults)
            .ToList();
        if (faults.Count > 0)
            throw new ModelFormatException(
                $"'{name}' is not a valid model:{Environment.NewLine}- "
                    + string.Join($"{Environment.NewLine}- ", faults)
            );
    }

    /// <summary>What is wrong with a node; each fault names it.</summary>
    public IEnumerable<string> FaultsOf(Node node)
    {
        if (functions.Contains(node.Operator) || Find(node.Operator) is not { } schema)
            yield break;
        if (schema.Inputs.FaultOf(node.Inputs, "input") is { } input)
            yield return $"{node} {input}.";
        if (schema.Outputs.FaultOf(node.Outputs, "output") is { } output)
            yield return $"{node} {output}.";
        foreach (var name in schema.Required)
        {
            if (node.FindAttribute(name) is null)
                yield return $"{node} lacks the attribute '{name}', which the operator needs.";
        }

        foreach (var attribute in node.Attributes)
        {
            if (OperatorSchemas.FindAttribute(node.Operator, schema, attribute.Name)?.FaultOf(attribute) is { } fault)
                yield return $"{node}: the attribute '{attribute.Name}' {fault}.";
        }

        if (SubgraphCheck.FaultOf(node) is { } inner)
            yield return $"{node}{inner}.";
    }

    private IEnumerable<string> FaultsOf(Graph graph) => graph.AllNodes().SelectMany(FaultsOf);

    // A file that imports no set of a domain means its first version, as in ONNX before sets had versions. An operator
    // of the standard in ONNX Runtime's domain, or the other way round, is taken for the one that is known.
    private OperatorSchema? Find(OperatorKey key)
    {
        if (key.Domain is not ("" or OperatorKey.Microsoft))
            return null;
        var version = operatorSets.GetValueOrDefault(key.Domain, 1);
        return OperatorSchemas.Find(key, version)
            ?? OperatorSchemas.Find(
                new OperatorKey(key.Domain.Length == 0 ? OperatorKey.Microsoft : "", key.Name),
                version
            );
    }
}
