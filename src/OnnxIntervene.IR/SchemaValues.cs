using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>The inputs or the outputs of an operator's specification.</summary>
/// <param name="Names">Their names in order; the last one stands for all further ones where there is no most.</param>
/// <param name="Required">Whether each must be present.</param>
/// <param name="Least">How many a node has at least, those left out by an empty name counted.</param>
/// <param name="Most">How many a node has at most; null where any number is allowed.</param>
internal sealed record SchemaValues(ImmutableArray<string> Names, ImmutableArray<bool> Required, int Least, int? Most)
{
    private const string Marks = "?+*";

    /// <summary>Reads names, each with its mark.</summary>
    public static SchemaValues Parse(string[] words)
    {
        var isOpen = words.Length > 0 && words[^1][^1] is '+' or '*';
        ImmutableArray<bool> required = [.. words.Select(word => !Marks.Contains(word[^1], StringComparison.Ordinal))];
        // As ONNX counts: what stands before an open end must be listed, though it may be empty.
        var least = isOpen ? words.Length - (words[^1][^1] == '+' ? 0 : 1) : required.LastIndexOf(true) + 1;
        return new SchemaValues(
            [.. words.Select(word => word.TrimEnd([.. Marks]))],
            required,
            least,
            isOpen ? null : words.Length
        );
    }

    /// <summary>What is wrong with a node's values; null where nothing is.</summary>
    /// <param name="values">The values, null where one is left out.</param>
    /// <param name="noun">What they are, in the singular.</param>
    public string? FaultOf(IReadOnlyList<Value?> values, string noun)
    {
        if (values.Count < Least || values.Count > Most)
            return $"has {Counted(values.Count, noun)}, but the operator takes {Range()}";
        for (var index = 0; index < Names.Length && index < values.Count; index++)
        {
            if (Required[index] && values[index] is null)
                return $"leaves {noun} {index} ('{Names[index]}') out, which the operator needs";
        }

        return null;
    }

    private static string Counted(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    private string Range() =>
        Most is null ? $"{Least} or more"
        : Least == Most ? $"{Least}"
        : $"{Least} to {Most}";
}
