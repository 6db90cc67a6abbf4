using System.Globalization;
using System.Text;

namespace OnnxIntervene.Templates.Evaluation;

/// <summary>Values as Python writes them: <c>str</c> and <c>repr</c>.</summary>
internal static class PythonText
{
    /// <summary>A value as text.</summary>
    public static string Of(object? value, Budget budget, int line)
    {
        if (value is string or Undefined)
            return value as string ?? "";
        var text = new StringBuilder();
        Write(value, text, budget, line);
        return text.ToString();
    }

    /// <summary>What a value is, in messages.</summary>
    public static string Kind(object? value) =>
        value switch
        {
            null => "none",
            bool => "true or false",
            long => "a whole number",
            double => "a number",
            string => "a text",
            TemplateList => "a list",
            TemplateMap => "a dictionary",
            Undefined missing => $"undefined ('{missing.Name}')",
            _ => "a function",
        };

    /// <summary>A number with 64 bits, by the fewest digits.</summary>
    public static string Number(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        var size = Math.Abs(number);
        if (size is 0 or (>= 1e-4 and < 1e16))
        {
            var plain = number.ToString("0.0################", CultureInfo.InvariantCulture);
            return double.Parse(plain, CultureInfo.InvariantCulture) == number
                ? plain
                : number.ToString("R", CultureInfo.InvariantCulture);
        }

        var written = number.ToString("E16", CultureInfo.InvariantCulture);
        for (var digits = 0; digits <= 16; digits++)
        {
            written = number.ToString($"E{digits}", CultureInfo.InvariantCulture);
            if (double.Parse(written, CultureInfo.InvariantCulture) == number)
                break;
        }

        var at = written.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(written[(at + 1)..], CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{written[..at]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}"
        );
    }

    private static void Write(object? value, StringBuilder text, Budget budget, int line)
    {
        budget.Descend(line);
        var start = text.Length;
        switch (value)
        {
            case TemplateList list:
                var (open, close) = list.IsTuple ? ('(', ')') : ('[', ']');
                text.Append(open);
                WriteAll(list.Items, item => Write(item, text, budget, line), text);
                text.Append(list is { IsTuple: true, Items.Count: 1 } ? "," : "").Append(close);
                break;
            case TemplateMap { IsNamespace: false } map:
                text.Append('{');
                WriteAll(map.Entries, WriteEntry, text);
                text.Append('}');
                break;
            default:
                text.Append(Atom(value));
                budget.Make(line, text.Length - start);
                break;
        }

        budget.Ascend();

        void WriteEntry(KeyValuePair<object, object?> entry)
        {
            Write(entry.Key, text, budget, line);
            text.Append(": ");
            Write(entry.Value, text, budget, line);
        }
    }

    private static void WriteAll<T>(IEnumerable<T> items, Action<T> write, StringBuilder text)
    {
        var start = text.Length;
        foreach (var item in items)
        {
            if (text.Length > start)
                text.Append(", ");
            write(item);
        }
    }

    private static string Atom(object? value) =>
        value switch
        {
            null => "None",
            bool flag => flag ? "True" : "False",
            long number => number.ToString(CultureInfo.InvariantCulture),
            double number => Number(number),
            string text => Quoted(text),
            Undefined => "Undefined",
            Function function => $"<{function.Name}>",
            TemplateMap => "<namespace>",
            _ => "<loop>",
        };

    private static string Quoted(string text)
    {
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var written = new StringBuilder().Append(quote);
        foreach (var character in text)
        {
            if (character == quote || character == '\\')
                written.Append('\\').Append(character);
            else if (character is '\n' or '\t' or '\r')
                written
                    .Append('\\')
                    .Append(
                        character == '\n' ? 'n'
                        : character == '\t' ? 't'
                        : 'r'
                    );
            else if (char.IsControl(character))
                written.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:x2}");
            else
                written.Append(character);
        }

        return written.Append(quote).ToString();
    }
}
