namespace OnnxIntervene.Templates.Evaluation;

/// <summary>The methods of texts, dictionaries and lists that templates may call; all others are refused.</summary>
internal static class Methods
{
    private static readonly char[] s_space = [' ', '\t', '\n', '\r', '\v', '\f'];

    /// <summary>A method; null where the value has none of the name.</summary>
    public static Function? Find(object? value, string name) =>
        value switch
        {
            string text => OfText(text, name) is { } call ? new Function(name, call) : null,
            TemplateMap { IsNamespace: false } map => OfMap(map, name) is { } call ? new Function(name, call) : null,
            TemplateList list => OfList(list, name) is { } call ? new Function(name, call) : null,
            _ => null,
        };

    /// <summary>A text without white space, or other characters, at its ends.</summary>
    public static string Trimmed(string text, object? characters, bool left, bool right, Arguments arguments)
    {
        var (start, end) = (0, text.Length);
        var removed = characters switch
        {
            null => null,
            string given => given,
            _ => throw arguments.Fault($"characters are given as a text, not {PythonText.Kind(characters)}"),
        };
        while (left && start < end && IsRemoved(text[start]))
            start++;
        while (right && end > start && IsRemoved(text[end - 1]))
            end--;
        return text[start..end];

        bool IsRemoved(char character) =>
            removed is null ? char.IsWhiteSpace(character) : removed.Contains(character, StringComparison.Ordinal);
    }

    /// <summary>A text with the first letters of its words large and the others small.</summary>
    public static string Title(string text)
    {
        var characters = text.ToCharArray();
        for (var index = 0; index < characters.Length; index++)
            characters[index] =
                index > 0 && char.IsLetter(characters[index - 1])
                    ? char.ToLowerInvariant(characters[index])
                    : char.ToUpperInvariant(characters[index]);
        return new string(characters);
    }

    /// <summary>A text with its first letter large and the others small.</summary>
    public static string Capitalized(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    /// <summary>A text with another in place of parts of it, so many times at most.</summary>
    public static string Replaced(string text, string old, string with, long most, Arguments arguments)
    {
        if (old.Length == 0)
            throw arguments.Fault("an empty text cannot be replaced");
        var parts = text.Split(old, most < 0 ? int.MaxValue : (int)Math.Min(most, int.MaxValue - 1) + 1);
        arguments.Budget.Make(arguments.Line, text.Length + (parts.Length * (long)with.Length));
        return string.Join(with, parts);
    }

    private static Func<Arguments, object?>? OfText(string text, string name) =>
        name switch
        {
            "strip" => given => Trimmed(text, given.Only(name, "chars").Get(0, "chars"), true, true, given),
            "lstrip" => given => Trimmed(text, given.Only(name, "chars").Get(0, "chars"), true, false, given),
            "rstrip" => given => Trimmed(text, given.Only(name, "chars").Get(0, "chars"), false, true, given),
            "upper" => _ => text.ToUpperInvariant(),
            "lower" => _ => text.ToLowerInvariant(),
            "title" => _ => Title(text),
            "capitalize" => _ => Capitalized(text),
            "startswith" => given => Ends(given, part => text.StartsWith(part, StringComparison.Ordinal)),
            "endswith" => given => Ends(given, part => text.EndsWith(part, StringComparison.Ordinal)),
            "split" => given => Split(text, given.Only(name, "sep", "maxsplit"), fromRight: false),
            "rsplit" => given => Split(text, given.Only(name, "sep", "maxsplit"), fromRight: true),
            "splitlines" => given => Lines(text, given.Only(name)),
            "replace" => given =>
                Replaced(text, given.Text(0, "old"), given.Text(1, "new"), given.Integer(2, "count", -1), given),
            "join" => given => Filters.Joined(given.Only(name, "items").Need(0, "items"), text, null, given),
            "find" => given => (long)text.IndexOf(given.Only(name, "sub").Text(0, "sub"), StringComparison.Ordinal),
            "rfind" => given =>
                (long)text.LastIndexOf(given.Only(name, "sub").Text(0, "sub"), StringComparison.Ordinal),
            "count" => given => (long)(text.Split(given.Only(name, "sub").Text(0, "sub")).Length - 1),
            "removeprefix" => given =>
                given.Text(0, "prefix") is var prefix && text.StartsWith(prefix, StringComparison.Ordinal)
                    ? text[prefix.Length..]
                    : text,
            "removesuffix" => given =>
                given.Text(0, "suffix") is var suffix && text.EndsWith(suffix, StringComparison.Ordinal)
                    ? text[..^suffix.Length]
                    : text,
            "isdigit" => _ => text.Length > 0 && text.All(char.IsDigit),
            "isalpha" => _ => text.Length > 0 && text.All(char.IsLetter),
            "isalnum" => _ => text.Length > 0 && text.All(char.IsLetterOrDigit),
            "isspace" => _ => text.Length > 0 && text.All(char.IsWhiteSpace),
            "isupper" => _ => text.Any(char.IsUpper) && !text.Any(char.IsLower),
            "islower" => _ => text.Any(char.IsLower) && !text.Any(char.IsUpper),
            _ => null,
        };

    private static Func<Arguments, object?>? OfMap(TemplateMap map, string name) =>
        name switch
        {
            "items" => _ => Filters.Items(map),
            "keys" => _ => new TemplateList([.. map.Entries.Select(entry => (object?)entry.Key)]),
            "values" => _ => new TemplateList([.. map.Entries.Select(entry => entry.Value)]),
            "get" => given =>
                map.TryGet(given.Only(name, "key", "default").Need(0, "key"), out var value)
                    ? value
                    : given.Get(1, "default"),
            _ => null,
        };

    private static Func<Arguments, object?>? OfList(TemplateList list, string name) =>
        name switch
        {
            "index" => given => Index(list, given),
            "count" => given =>
                (long)
                    list.Items.Count(item =>
                        Operators.AreEqual(item, given.Need(0, "value"), given.Budget, given.Line)
                    ),
            _ => null,
        };

    private static long Index(TemplateList list, Arguments given)
    {
        for (var index = 0; index < list.Items.Count; index++)
        {
            if (Operators.AreEqual(list.Items[index], given.Need(0, "value"), given.Budget, given.Line))
                return index;
        }

        throw given.Fault("the value is not in the list");
    }

    private static bool Ends(Arguments given, Func<string, bool> matches) =>
        given.Need(0, "prefix") switch
        {
            string part => matches(part),
            TemplateList { IsTuple: true } parts => parts.Items.Any(part => part is string text && matches(text)),
            var other => throw given.Fault($"a text is expected, not {PythonText.Kind(other)}"),
        };

    private static TemplateList Split(string text, Arguments given, bool fromRight)
    {
        var most = given.Integer(1, "maxsplit", -1);
        var count = most < 0 ? int.MaxValue : (int)Math.Min(most + 1, int.MaxValue);
        given.Budget.Make(given.Line, text.Length);
        if (given.Get(0, "sep") is null)
        {
            var words = text.Split(s_space, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > count)
                throw given.Fault("a text cut at white space so many times at most is not supported");
            return new TemplateList([.. words]);
        }

        var separator = given.Text(0, "sep");
        if (separator.Length == 0)
            throw given.Fault("a text is not cut at an empty text");
        if (!fromRight)
            return new TemplateList([.. text.Split(separator, count)]);
        var parts = text.Split(separator);
        var first = Math.Max(1, parts.Length - (long)count + 1);
        return new TemplateList([string.Join(separator, parts[..(int)first]), .. parts[(int)first..]]);
    }

    private static TemplateList Lines(string text, Arguments given)
    {
        given.Budget.Make(given.Line, text.Length);
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        return new TemplateList([.. lines[^1].Length == 0 ? lines[..^1] : lines]);
    }
}
