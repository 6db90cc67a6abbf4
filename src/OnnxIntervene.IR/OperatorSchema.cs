using System.Collections.Frozen;
using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>What one version of an operator takes and returns, as its specification has it.</summary>
/// <param name="Version">The first version of the operator set that it holds for.</param>
/// <param name="Inputs">The inputs in order.</param>
/// <param name="Outputs">The outputs in order.</param>
/// <param name="Attributes">The attributes by name.</param>
internal sealed record OperatorSchema(
    long Version,
    SchemaValues Inputs,
    SchemaValues Outputs,
    FrozenDictionary<string, SchemaAttribute> Attributes
)
{
    /// <summary>The attributes that each node must set.</summary>
    public ImmutableArray<string> Required { get; } =
    [.. Attributes.Where(attribute => attribute.Value.IsRequired).Select(attribute => attribute.Key)];

    /// <summary>Reads a line of the table after the operator's name.</summary>
    public static OperatorSchema Parse(string version, string text)
    {
        var parts = text.Split('|');
        var sides = parts[0].Split("->");
        var attributes = parts.Length > 1 ? Words(parts[1]).Select(SchemaAttribute.Parse) : [];
        return new OperatorSchema(
            long.Parse(version, System.Globalization.CultureInfo.InvariantCulture),
            SchemaValues.Parse(Words(sides[0])),
            SchemaValues.Parse(Words(sides[1])),
            attributes.ToFrozenDictionary(attribute => attribute.Name, StringComparer.Ordinal)
        );
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
