namespace OnnxIntervene.Templates.Evaluation;

/// <summary>The values that a function, a filter or a test is given.</summary>
/// <param name="Positional">Those without a name.</param>
/// <param name="Named">Those with a name.</param>
/// <param name="Budget">What the rendering may still use.</param>
/// <param name="Line">Where it stands.</param>
internal sealed record Arguments(
    IReadOnlyList<object?> Positional,
    IReadOnlyDictionary<string, object?> Named,
    Budget Budget,
    int Line
)
{
    /// <summary>How many have no name.</summary>
    public int Count => Positional.Count;

    /// <summary>One without a name.</summary>
    public object? At(int index) => Positional[index];

    /// <summary>The one at a place or of a name; another where it is left out.</summary>
    public object? Get(int index, string name, object? otherwise = null) =>
        index < Positional.Count ? Positional[index]
        : Named.TryGetValue(name, out var value) ? value
        : otherwise;

    /// <summary>The one at a place or of a name, which must be there.</summary>
    public object? Need(int index, string name) =>
        index < Positional.Count || Named.ContainsKey(name)
            ? Get(index, name)
            : throw Fault($"the argument '{name}' is left out");

    /// <summary>A text at a place or of a name; another where it is left out.</summary>
    public string Text(int index, string name, string? otherwise = null) =>
        Get(index, name, otherwise) switch
        {
            string text => text,
            null => throw Fault($"the argument '{name}' is left out"),
            var other => throw Fault($"the argument '{name}' is a text, not {PythonText.Kind(other)}"),
        };

    /// <summary>A whole number at a place or of a name; another where it is left out.</summary>
    public long Integer(int index, string name, long otherwise) =>
        Get(index, name, otherwise) switch
        {
            long number => number,
            bool flag => flag ? 1 : 0,
            var other => throw Fault($"the argument '{name}' is a whole number, not {PythonText.Kind(other)}"),
        };

    /// <summary>Throws where there are more arguments than these.</summary>
    public Arguments Only(string what, params ReadOnlySpan<string> names)
    {
        if (Count > names.Length)
            throw Fault($"'{what}' takes {names.Length} arguments at most, not {Count}");
        foreach (var name in Named.Keys)
        {
            if (!names.Contains(name))
                throw Fault($"'{what}' does not know the argument '{name}'");
        }

        return this;
    }

    /// <summary>The exception for this place.</summary>
    public Exception Fault(string what) => Budget.Fault(Line, what);
}
