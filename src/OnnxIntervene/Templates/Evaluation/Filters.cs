using System.Globalization;
using System.Text;

namespace OnnxIntervene.Templates.Evaluation;

/// <summary>Jinja's filters (jinja2/filters.py), and tojson as transformers has it.</summary>
internal static class Filters
{
    /// <summary>The value that a filter makes of another.</summary>
    public static object? Apply(string name, object? value, Arguments given, Interpreter interpreter) =>
        name switch
        {
            "trim" => Methods.Trimmed(Text(value, given), given.Only(name, "chars").Get(0, "chars"), true, true, given),
            "upper" => Text(value, given).ToUpperInvariant(),
            "lower" => Text(value, given).ToLowerInvariant(),
            "title" => Methods.Title(Text(value, given)),
            "capitalize" => Methods.Capitalized(Text(value, given)),
            "string" or "safe" => Text(value, given),
            "replace" => Methods.Replaced(
                Text(value, given),
                given.Text(0, "old"),
                given.Text(1, "new"),
                given.Integer(2, "count", -1),
                given
            ),
            "indent" => Indented(Text(value, given), given.Only(name, "width", "first", "blank")),
            "length" or "count" => Length(value, given),
            "default" or "d" => value is Undefined
            || (Operators.IsTrue(given.Get(1, "boolean", false)) && !Operators.IsTrue(value))
                ? given.Get(0, "default_value", "")
                : value,
            "tojson" => Json(value, given),
            "int" => Integer(value, given.Only(name, "default")),
            "float" => Float(value, given.Only(name, "default")),
            "abs" or "round" => Number(name, value, given),
            _ => OfItems(name, value, given, interpreter),
        };

    /// <summary>The pairs of a dictionary.</summary>
    public static TemplateList Items(TemplateMap map) =>
        new([.. map.Entries.Select(entry => (object?)new TemplateList([entry.Key, entry.Value], IsTuple: true))]);

    /// <summary>Items as one text, with another between them.</summary>
    public static string Joined(object? value, string separator, object? attribute, Arguments given)
    {
        var parts = Interpreter
            .Items(value, given.Budget, given.Line)
            .Select(item => Text(attribute is null ? item : Interpreter.Path(item, attribute, given), given))
            .ToList();
        given.Budget.Make(given.Line, parts.Sum(part => (long)part.Length + separator.Length));
        return string.Join(separator, parts);
    }

    private static object? OfItems(string name, object? value, Arguments given, Interpreter interpreter)
    {
        if (name == "items")
            return value switch
            {
                Undefined => new TemplateList([]),
                TemplateMap map => Items(map),
                _ => throw given.Fault($"a dictionary has items, not {PythonText.Kind(value)}"),
            };
        if (name == "join")
            return Joined(value, given.Text(0, "d", ""), given.Get(1, "attribute"), given);
        if (name == "reverse" && value is string text)
            return new string([.. text.Reverse()]);
        var items = Interpreter.Items(value, given.Budget, given.Line);
        return name switch
        {
            "list" => new TemplateList([.. items]),
            "reverse" => new TemplateList([.. items.Reverse()]),
            "first" => items.Count > 0 ? items[0] : new Undefined("the first item"),
            "last" => items.Count > 0 ? items[^1] : new Undefined("the last item"),
            "sum" => items.Select(item => Attribute(item, given, 0)).Aggregate(given.Get(1, "start", 0L), Sum),
            "min" => Extreme(items, given, -1),
            "max" => Extreme(items, given, 1),
            "sort" => Sorted(items, given.Only(name, "reverse", "case_sensitive", "attribute")),
            "dictsort" => DictSorted(value, given.Only(name, "case_sensitive", "by", "reverse")),
            "unique" => Unique(items, given.Only(name, "case_sensitive", "attribute")),
            "map" => Mapped(items, given, interpreter),
            _ => Selected(name, items, given, interpreter),
        };

        object? Sum(object? total, object? item) =>
            Operators.Compute("+", total, item, given.Budget, given.Line)
            ?? throw given.Fault($"{PythonText.Kind(total)} and {PythonText.Kind(item)} have no sum");
    }

    private static string Text(object? value, Arguments given) => PythonText.Of(value, given.Budget, given.Line);

    private static long Length(object? value, Arguments given) =>
        value is string text
            ? (long)text.Length - text.Count(char.IsLowSurrogate)
            : (long)Interpreter.Items(value, given.Budget, given.Line).Count;

    private static string Json(object? value, Arguments given)
    {
        var options = given.Only("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        if (Operators.IsTrue(options.Get(0, "ensure_ascii", false)))
            throw given.Fault("tojson with ensure_ascii is not supported");
        int? indent = options.Get(1, "indent") is null
            ? null
            : (int)Math.Clamp(options.Integer(1, "indent", 0), 0, 100);
        var (items, keys) = options.Get(2, "separators") switch
        {
            null => (indent is null ? ", " : ",", ": "),
            TemplateList { Items: [string first, string second] } => (first, second),
            _ => throw given.Fault("separators are two texts"),
        };
        var sorts = Operators.IsTrue(options.Get(3, "sort_keys", false));
        var text = new StringBuilder();
        return new JsonWriter(text, indent, items, keys, sorts, given.Budget, given.Line).TryWrite(value, 0)
            ? text.ToString()
            : throw given.Fault($"JSON has nothing for {PythonText.Kind(value)}");
    }

    private static string Indented(string text, Arguments given)
    {
        var width = given.Get(0, "width", 4L) is string own
            ? own
            : new string(' ', (int)Math.Clamp(given.Integer(0, "width", 4), 0, 1000));
        var (first, blank) = (
            Operators.IsTrue(given.Get(1, "first", false)),
            Operators.IsTrue(given.Get(2, "blank", false))
        );
        var lines = text.Split('\n');
        given.Budget.Make(given.Line, text.Length + (lines.Length * (long)width.Length));
        return string.Join(
            '\n',
            lines.Select((line, index) => (index == 0 ? first : blank || line.Length > 0) ? width + line : line)
        );
    }

    private static object? Integer(object? value, Arguments given) =>
        value switch
        {
            long or bool => Operators.Whole(value),
            double number when Math.Abs(number) < 9e18 => (long)number,
            string text when long.TryParse(text.Trim(), CultureInfo.InvariantCulture, out var number) => number,
            string text
                when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                    && Math.Abs(number) < 9e18 => (long)number,
            _ => given.Get(0, "default", 0L),
        };

    private static object? Float(object? value, Arguments given) =>
        Operators.IsNumber(value) ? Operators.Double(value)
        : value is string text
        && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
        : given.Get(0, "default", 0.0);

    private static object? Number(string name, object? value, Arguments given)
    {
        if (!Operators.IsNumber(value))
            throw given.Fault($"'{name}' takes a number, not {PythonText.Kind(value)}");
        if (name == "abs")
            return value is double number ? (object)Math.Abs(number) : Math.Abs(Operators.Whole(value));
        var digits = (int)Math.Clamp(given.Integer(0, "precision", 0), 0, 15);
        return given.Text(1, "method", "common") == "common"
            ? Math.Round(Operators.Double(value), digits, MidpointRounding.ToEven)
            : throw given.Fault("'round' is only supported to the nearest");
    }

    private static object? Attribute(object? item, Arguments given, int index) =>
        given.Get(index, "attribute") is { } path ? Interpreter.Path(item, path, given) : item;

    private static object? Extreme(IReadOnlyList<object?> items, Arguments given, int sign)
    {
        if (items.Count == 0)
            return new Undefined("the extreme of nothing");
        return items.Aggregate(
            (best, item) =>
                sign
                    * Compared(
                        Folded(Attribute(item, given, 1), given, 0),
                        Folded(Attribute(best, given, 1), given, 0),
                        given
                    )
                > 0
                    ? item
                    : best
        );
    }

    private static TemplateList Sorted(IReadOnlyList<object?> items, Arguments given)
    {
        var order = Comparer<object?>.Create((a, b) => Compared(a, b, given));
        object? Key(object? item) => Folded(Attribute(item, given, 2), given, 1);
        return new TemplateList(
            Operators.IsTrue(given.Get(0, "reverse", false))
                ? [.. items.OrderByDescending(Key, order)]
                : [.. items.OrderBy(Key, order)]
        );
    }

    private static TemplateList DictSorted(object? value, Arguments given)
    {
        if (value is not TemplateMap map)
            throw given.Fault($"'dictsort' takes a dictionary, not {PythonText.Kind(value)}");
        var part = given.Text(1, "by", "key") == "value" ? 1 : 0;
        var order = Comparer<object?>.Create((a, b) => Compared(a, b, given));
        object? Key(object? pair) => Folded(((TemplateList)pair!).Items[part], given, 0);
        var items = Items(map).Items;
        return new TemplateList(
            Operators.IsTrue(given.Get(2, "reverse", false))
                ? [.. items.OrderByDescending(Key, order)]
                : [.. items.OrderBy(Key, order)]
        );
    }

    private static TemplateList Unique(IReadOnlyList<object?> items, Arguments given)
    {
        var (seen, kept) = (new List<object?>(), new List<object?>());
        foreach (var item in items)
        {
            var key = Folded(Attribute(item, given, 1), given, 0);
            if (seen.Exists(other => Operators.AreEqual(other, key, given.Budget, given.Line)))
                continue;
            seen.Add(key);
            kept.Add(item);
        }

        return new TemplateList(kept);
    }

    private static object? Folded(object? value, Arguments given, int index) =>
        value is string text && !Operators.IsTrue(given.Get(index, "case_sensitive", false))
            ? text.ToLowerInvariant()
            : value;

    private static int Compared(object? left, object? right, Arguments given)
    {
        given.Budget.Step(given.Line);
        return Operators.Order(left, right, given.Budget, given.Line)
            ?? throw given.Fault($"{PythonText.Kind(left)} and {PythonText.Kind(right)} have no order");
    }

    private static TemplateList Mapped(IReadOnlyList<object?> items, Arguments given, Interpreter interpreter)
    {
        if (given.Count == 0)
        {
            var path = given.Need(0, "attribute");
            var otherwise = given.Named.GetValueOrDefault("default");
            return new TemplateList([.. items.Select(item => Interpreter.Path(item, path, given, otherwise))]);
        }

        var filter = given.Text(0, "filter");
        if (!Syntax.KnownNames.Filters.Contains(filter))
            throw given.Fault($"the filter '{filter}' is not known");
        var rest = given with { Positional = [.. given.Positional.Skip(1)] };
        return new TemplateList([
            .. items.Select(item => Counted(() => Apply(filter, item, rest, interpreter), given)),
        ]);
    }

    // select, reject, selectattr and rejectattr.
    private static TemplateList Selected(
        string name,
        IReadOnlyList<object?> items,
        Arguments given,
        Interpreter interpreter
    )
    {
        var byAttribute = name.EndsWith("attr", StringComparison.Ordinal);
        var keeps = name.StartsWith("select", StringComparison.Ordinal);
        var path = byAttribute ? given.Need(0, "attribute") : null;
        var skipped = byAttribute ? 1 : 0;
        var test = given.Count > skipped ? given.Text(skipped, "test") : null;
        if (test is not null && !Syntax.KnownNames.Tests.Contains(test))
            throw given.Fault($"the test '{test}' is not known");
        var rest = given with { Positional = [.. given.Positional.Skip(skipped + 1)] };
        return new TemplateList([.. items.Where(item => Counted(() => Holds(item), given) == keeps)]);

        bool Holds(object? item)
        {
            var value = byAttribute ? Interpreter.Path(item, path, given) : item;
            return test is null ? Operators.IsTrue(value) : Tests.Holds(test, value, rest);
        }
    }

    private static T Counted<T>(Func<T> compute, Arguments given)
    {
        given.Budget.Step(given.Line);
        return compute();
    }
}
