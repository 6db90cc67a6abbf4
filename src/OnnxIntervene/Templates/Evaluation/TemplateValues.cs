namespace OnnxIntervene.Templates.Evaluation;

// A value is null (none), bool, long, double, string, TemplateList, TemplateMap, Undefined or Function.

/// <summary>What a variable or a member is that does not exist.</summary>
internal sealed record Undefined(string Name);

/// <summary>A list or a tuple. Templates do not change it.</summary>
internal sealed record TemplateList(IReadOnlyList<object?> Items, bool IsTuple = false);

/// <summary>A dictionary with its keys in order; only a namespace is changed by a template.</summary>
internal sealed class TemplateMap(bool isNamespace = false)
{
    private readonly OrderedDictionary<object, object?> _entries = [];

    /// <summary>Whether a template may set its members.</summary>
    public bool IsNamespace => isNamespace;

    /// <summary>How many keys there are.</summary>
    public int Count => _entries.Count;

    /// <summary>The keys and their values.</summary>
    public IEnumerable<KeyValuePair<object, object?>> Entries => _entries;

    /// <summary>Looks a key up.</summary>
    public bool TryGet(object? key, out object? value)
    {
        value = null;
        return key is not null && _entries.TryGetValue(Key(key), out value);
    }

    /// <summary>Sets a key; null as a key is the text "None", as in JSON.</summary>
    public void Set(object? key, object? value) => _entries[Key(key ?? "None")] = value;

    // 1, 1.0 and true are one key, as in Python.
    private static object Key(object key) =>
        key switch
        {
            bool flag => flag ? 1L : 0L,
            double number when number == Math.Floor(number) && Math.Abs(number) < 1e15 => (long)number,
            _ => key,
        };
}

/// <summary>What can be called: a macro, a method, or a function that templates are given.</summary>
internal sealed record Function(string Name, Func<Arguments, object?> Call);

/// <summary>A loop's own variable.</summary>
internal sealed record LoopState(IReadOnlyList<object?> Items, int Index, int Depth)
{
    private readonly object?[] _changed = [null];

    /// <summary>The member of a name; false for one that it does not have.</summary>
    public bool TryMember(string name, out object? value)
    {
        value = name switch
        {
            "index" => (long)(Index + 1),
            "index0" => (long)Index,
            "revindex" => (long)(Items.Count - Index),
            "revindex0" => (long)(Items.Count - Index - 1),
            "first" => Index == 0,
            "last" => Index == Items.Count - 1,
            "length" => (long)Items.Count,
            "depth" => (long)(Depth + 1),
            "depth0" => (long)Depth,
            "previtem" => Index > 0 ? Items[Index - 1] : new Undefined("loop.previtem"),
            "nextitem" => Index + 1 < Items.Count ? Items[Index + 1] : new Undefined("loop.nextitem"),
            "cycle" => new Function("loop.cycle", Cycle),
            _ => _changed,
        };
        return !ReferenceEquals(value, _changed);
    }

    private object? Cycle(Arguments arguments) =>
        arguments.Count == 0 ? throw arguments.Fault("loop.cycle needs values") : arguments.At(Index % arguments.Count);
}
