using System.Collections.Frozen;

namespace OnnxIntervene.IR;

/// <summary>
/// The specifications of the operators that this library looks at, read once from <c>Operators.txt</c> (standard ONNX)
/// and <c>Operators.Microsoft.txt</c> (ONNX Runtime).
/// </summary>
internal static class OperatorSchemas
{
    private const string StandardPrefix = "ai.onnx.";

    private static readonly FrozenDictionary<OperatorKey, OperatorSchema[]> s_all = ReadAll();

    // Code that reads an attribute does not ask which version of an operator has it, nor always which operator.
    private static readonly FrozenDictionary<(OperatorKey Key, string Name), SchemaAttribute> s_otherVersions = s_all
        .SelectMany(entry =>
            entry.Value.SelectMany(schema => schema.Attributes.Values.Select(item => (entry.Key, item)))
        )
        .GroupBy(pair => (pair.Key, pair.item.Name), pair => pair.item)
        .ToFrozenDictionary(group => group.Key, group => group.Last());

    private static readonly FrozenDictionary<string, SchemaAttribute> s_otherOperators = s_otherVersions
        .GroupBy(entry => entry.Key.Name, entry => entry.Value)
        .Where(group => group.Select(attribute => attribute.Kind).Distinct().Count() == 1)
        .ToFrozenDictionary(group => group.Key, group => group.First() with { Rule = NumberRule.Any });

    /// <summary>Every operator with its versions, oldest first.</summary>
    public static IEnumerable<KeyValuePair<OperatorKey, OperatorSchema[]>> All => s_all;

    /// <summary>The specification of an operator in a version of its set; null where none is known.</summary>
    public static OperatorSchema? Find(OperatorKey key, long version)
    {
        if (!s_all.TryGetValue(key, out var versions))
            return null;
        // Before the first version there was no such operator; what reads the node takes it for one all the same.
        var index = versions.Length - 1;
        while (index > 0 && versions[index].Version > version)
            index--;
        return versions[index];
    }

    /// <summary>
    /// What an attribute of this name holds: in this version of the operator, in another one, or in every operator that
    /// has one of this name; null where nothing tells.
    /// </summary>
    public static SchemaAttribute? FindAttribute(OperatorKey key, OperatorSchema schema, string name) =>
        schema.Attributes.GetValueOrDefault(name)
        ?? s_otherVersions.GetValueOrDefault((key, name))
        ?? s_otherOperators.GetValueOrDefault(name);

    private static FrozenDictionary<OperatorKey, OperatorSchema[]> ReadAll() =>
        Lines("Operators.txt")
            .Select(line => Read("", line))
            .Concat(Lines("Operators.Microsoft.txt").Select(line => Read(OperatorKey.Microsoft, line)))
            .GroupBy(entry => entry.Key, entry => entry.Schema)
            .ToFrozenDictionary(group => group.Key, group => group.OrderBy(schema => schema.Version).ToArray());

    private static (OperatorKey Key, OperatorSchema Schema) Read(string domain, string line)
    {
        var words = line.Split(' ', 3);
        var key = words[0].StartsWith(StandardPrefix, StringComparison.Ordinal)
            ? new OperatorKey("", words[0][StandardPrefix.Length..])
            : new OperatorKey(domain, words[0]);
        return (key, OperatorSchema.Parse(words[1], words[2]));
    }

    private static IEnumerable<string> Lines(string resource)
    {
        using var stream = typeof(OperatorSchemas).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
                yield return line;
        }
    }
}
