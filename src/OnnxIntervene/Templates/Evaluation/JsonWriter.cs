using System.Globalization;
using System.Text;

namespace OnnxIntervene.Templates.Evaluation;

/// <summary>Writes values as Python's <c>json.dumps</c> does, without escapes for what is not ASCII.</summary>
internal sealed class JsonWriter(
    StringBuilder text,
    int? indent,
    string itemSeparator,
    string keySeparator,
    bool sortsKeys,
    Budget budget,
    int line
)
{
    /// <summary>Writes a value; false where JSON has no such value.</summary>
    public bool TryWrite(object? value, int depth)
    {
        budget.Descend(line);
        var isWritten = TryWriteParts(value, depth);
        budget.Ascend();
        return isWritten;
    }

    private bool TryWriteParts(object? value, int depth)
    {
        budget.Make(line, 1 + ((indent ?? 0) * (long)depth) + (value is string { Length: var length } ? length : 0));
        switch (value)
        {
            case null or bool:
                text.Append(value is bool flag ? (flag ? "true" : "false") : "null");
                return true;
            case long number:
                text.Append(number.ToString(CultureInfo.InvariantCulture));
                return true;
            case double number:
                text.Append(
                    double.IsFinite(number) ? PythonText.Number(number)
                    : double.IsNaN(number) ? "NaN"
                    : number > 0 ? "Infinity"
                    : "-Infinity"
                );
                return true;
            case string characters:
                WriteText(characters);
                return true;
            case TemplateList list:
                return TryWriteAll('[', ']', list.Items, item => TryWrite(item, depth + 1), depth);
            case TemplateMap { IsNamespace: false } map:
                return TryWriteAll('{', '}', Entries(map), entry => TryWriteEntry(entry, depth + 1), depth);
            default:
                return false;
        }
    }

    private List<KeyValuePair<object, object?>> Entries(TemplateMap map) =>
        sortsKeys
            ? [.. map.Entries.OrderBy(entry => PythonText.Of(entry.Key, budget, line), StringComparer.Ordinal)]
            : [.. map.Entries];

    private bool TryWriteEntry(KeyValuePair<object, object?> entry, int depth)
    {
        WriteText(entry.Key is string key ? key : PythonText.Of(entry.Key, budget, line));
        text.Append(keySeparator);
        return TryWrite(entry.Value, depth);
    }

    private bool TryWriteAll<T>(char open, char close, IReadOnlyList<T> items, Func<T, bool> tryWrite, int depth)
    {
        text.Append(open);
        for (var index = 0; index < items.Count; index++)
        {
            text.Append(index > 0 ? itemSeparator : "");
            BreakLine(depth + 1);
            if (!tryWrite(items[index]))
                return false;
        }

        if (items.Count > 0)
            BreakLine(depth);
        text.Append(close);
        return true;
    }

    private void BreakLine(int depth)
    {
        if (indent is { } width)
            text.Append('\n').Append(' ', width * depth);
    }

    private void WriteText(string characters)
    {
        text.Append('"');
        foreach (var character in characters)
        {
            _ = character switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => text.Append(character),
            };
        }

        text.Append('"');
    }
}
