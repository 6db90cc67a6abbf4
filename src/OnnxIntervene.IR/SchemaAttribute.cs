namespace OnnxIntervene.IR;

/// <summary>An attribute of an operator's specification.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="IsRequired">Whether each node must set it.</param>
/// <param name="Rule">What is known of its numbers beyond their kind.</param>
internal sealed record SchemaAttribute(string Name, AttributeKind Kind, bool IsRequired, NumberRule Rule)
{
    private const int MostHeads = 65536;

    /// <summary>Reads <c>name:kind</c> or <c>name!:kind</c>.</summary>
    public static SchemaAttribute Parse(string word)
    {
        var parts = word.Split(':');
        var (kind, rule) = parts[1] switch
        {
            "float" => (AttributeKind.Float, NumberRule.Any),
            "int" => (AttributeKind.Integer, NumberRule.Any),
            "count" => (AttributeKind.Integer, NumberRule.Count),
            "heads" => (AttributeKind.Integer, NumberRule.Heads),
            "string" => (AttributeKind.Text, NumberRule.Any),
            "tensor" => (AttributeKind.Tensor, NumberRule.Any),
            "graph" => (AttributeKind.Graph, NumberRule.Any),
            "floats" => (AttributeKind.Floats, NumberRule.Any),
            "ints" => (AttributeKind.Integers, NumberRule.Any),
            "permutation" => (AttributeKind.Integers, NumberRule.Permutation),
            "widths" => (AttributeKind.Integers, NumberRule.Widths),
            "strings" => (AttributeKind.Texts, NumberRule.Any),
            "sparse_tensor" => (AttributeKind.SparseTensor, NumberRule.Any),
            "type" => (AttributeKind.Type, NumberRule.Any),
            _ => throw new System.Diagnostics.UnreachableException(
                $"The table of operators has the kind '{parts[1]}'."
            ),
        };
        return new SchemaAttribute(parts[0].TrimEnd('!'), kind, parts[0].EndsWith('!'), rule);
    }

    /// <summary>What is wrong with an attribute of this name; null where nothing is.</summary>
    public string? FaultOf(NodeAttribute attribute)
    {
        // What the caller of a local function sets is checked where it is called.
        if (attribute.ReferenceName.Length > 0)
            return null;
        if (attribute.Kind != Kind)
            return $"is {Word(attribute.Kind)}, but the operator takes {Word(Kind)}";
        return Rule switch
        {
            NumberRule.Count => OutOf(attribute.Integer, int.MaxValue),
            NumberRule.Heads => OutOf(attribute.Integer, MostHeads),
            NumberRule.Permutation when !IsPermutation([.. attribute.Integers]) =>
                $"is {Listed(attribute)}, which does not name each axis once",
            NumberRule.Widths when attribute.Integers.Length != 3 || attribute.Integers.Any(IsNoWidth) =>
                $"is {Listed(attribute)}, but must be three numbers above zero",
            _ => null,
        };
    }

    private static string? OutOf(long number, long most) =>
        number < 1 ? $"is {number}, but must be above zero"
        : number > most ? $"is {number}; {most} is the most"
        : null;

    private static bool IsNoWidth(long number) => number is < 1 or > int.MaxValue;

    private static string Listed(NodeAttribute attribute) => $"[{string.Join(", ", attribute.Integers)}]";

    private static bool IsPermutation(long[] axes)
    {
        Array.Sort(axes);
        return axes.Select((axis, place) => axis == place).All(fits => fits);
    }

    private static string Word(AttributeKind kind) =>
        kind switch
        {
            AttributeKind.Float => "a float",
            AttributeKind.Integer => "an integer",
            AttributeKind.Text => "a text",
            AttributeKind.Tensor => "a tensor",
            AttributeKind.Graph => "a graph",
            AttributeKind.Floats => "floats",
            AttributeKind.Integers => "integers",
            AttributeKind.Texts => "texts",
            AttributeKind.Undefined => "empty",
            AttributeKind.Type => "a type",
            AttributeKind.SparseTensor => "a sparse tensor",
            _ => $"of the kind {kind}",
        };
}
