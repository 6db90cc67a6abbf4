using System.Globalization;
using System.Text;

namespace OnnxIntervene.Templates.Evaluation;

/// <summary>The functions that every template is given, as transformers gives them.</summary>
internal static class Globals
{
    private const int MostOfRange = 100_000;

    /// <summary>A scope with the functions.</summary>
    public static Scope Create(DateTime now)
    {
        var scope = new Scope();
        Add(
            "raise_exception",
            given => throw given.Budget.Refusal(PythonText.Of(given.Need(0, "message"), given.Budget, given.Line))
        );
        Add("strftime_now", given => Formatted(now, given.Only("strftime_now", "format").Text(0, "format"), given));
        Add("namespace", given => Map(given, isNamespace: true));
        Add("dict", given => Map(given, isNamespace: false));
        Add("range", Range);
        return scope;

        void Add(string name, Func<Arguments, object?> call) => scope.Set(name, new Function(name, call));
    }

    private static TemplateMap Map(Arguments given, bool isNamespace)
    {
        var map = new TemplateMap(isNamespace);
        foreach (var value in given.Positional)
        {
            if (value is not TemplateMap other)
                throw given.Fault($"a dictionary is expected, not {PythonText.Kind(value)}");
            foreach (var (key, own) in other.Entries)
                map.Set(key, own);
        }

        foreach (var (name, value) in given.Named)
            map.Set(name, value);
        return map;
    }

    private static TemplateList Range(Arguments given)
    {
        given.Only("range", "start", "stop", "step");
        var (first, second) = (given.Integer(0, "start", 0), given.Integer(1, "stop", 0));
        var (start, stop) = given.Count == 1 ? (0, first) : (first, second);
        var step = given.Integer(2, "step", 1);
        if (given.Count == 0 || step == 0 || Math.Abs((double)stop - start) / Math.Abs((double)step) > MostOfRange)
            throw given.Fault($"'range' takes one to three numbers, and gives at most {MostOfRange}");
        var items = new List<object?>();
        for (var number = start; step > 0 ? number < stop : number > stop; number += step)
            items.Add(number);
        given.Budget.Make(given.Line, items.Count);
        return new TemplateList(items);
    }

    // Python's strftime, in English.
    private static string Formatted(DateTime now, string format, Arguments given)
    {
        var text = new StringBuilder();
        for (var index = 0; index < format.Length; index++)
        {
            if (format[index] != '%')
            {
                text.Append(format[index]);
                continue;
            }

            var isShort = index + 1 < format.Length && format[index + 1] == '-';
            index += isShort ? 2 : 1;
            var part = index < format.Length ? Part(now, format[index]) : null;
            if (part is null)
                throw given.Fault($"the format '{format}' of a date is not understood");
            text.Append(isShort && part.Length > 1 ? part.TrimStart('0') : part);
        }

        return text.ToString();
    }

    private static string? Part(DateTime now, char code) =>
        code switch
        {
            '%' => "%",
            'Y' => now.Say("yyyy"),
            'y' => now.Say("yy"),
            'm' => now.Say("MM"),
            'd' => now.Say("dd"),
            'B' => now.Say("MMMM"),
            'b' => now.Say("MMM"),
            'A' => now.Say("dddd"),
            'a' => now.Say("ddd"),
            'H' => now.Say("HH"),
            'I' => now.Say("hh"),
            'M' => now.Say("mm"),
            'S' => now.Say("ss"),
            'p' => now.Say("tt"),
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'F' => now.Say("yyyy-MM-dd"),
            'T' => now.Say("HH:mm:ss"),
            _ => null,
        };

    private static string Say(this DateTime now, string format) => now.ToString(format, CultureInfo.InvariantCulture);
}
