using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.RegularExpressions;
using OnnxIntervene.Json;

namespace OnnxIntervene.Formats;

/// <summary>Modules by the ends of their paths, or by a regular expression for whole paths.</summary>
internal sealed class ModulePattern
{
    // Paths are short; an expression that needs longer was made to need it.
    private static readonly TimeSpan s_longestMatch = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longestAll = TimeSpan.FromSeconds(2);

    private readonly JsonPlace _place;
    private readonly ImmutableHashSet<string> _names;
    private readonly Regex? _expression;
    private TimeSpan _taken;

    private ModulePattern(JsonPlace place, ImmutableHashSet<string> names, Regex? expression) =>
        (_place, _names, _expression) = (place, names, expression);

    /// <summary>A list of names, or a text that is a regular expression.</summary>
    public static ModulePattern Parse(JsonPlace place)
    {
        if (place.IsText)
            return new ModulePattern(place, [], Expression(place));
        var names = place.Items("a list of modules, or a regular expression,").Select(name => name.Text("a module"));
        return new ModulePattern(place, [.. names], null);
    }

    /// <summary>Whether a module's path is named from its beginning to its end.</summary>
    public bool IsNamedWhole(string module) => _names.Contains(module);

    /// <summary>Whether a module is one of these.</summary>
    public bool IsMatch(string module)
    {
        if (_expression is not null)
            return IsExpressed(module);
        for (var dot = module.Length; dot >= 0; dot = dot > 0 ? module.LastIndexOf('.', dot - 1) : -1)
        {
            if (_names.Contains(module[(dot == module.Length ? 0 : dot + 1)..]))
                return true;
        }

        return false;
    }

    private bool IsExpressed(string module)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var isMatch = _expression!.IsMatch(module);
            _taken += Stopwatch.GetElapsedTime(started);
            if (_taken < s_longestAll)
                return isMatch;
        }
        catch (RegexMatchTimeoutException) { }

        throw _place.Fault("the regular expression takes too long. Give a list of modules");
    }

    private static Regex Expression(JsonPlace place)
    {
        try
        {
            return new Regex($@"\A(?:{place.Text()})\z", RegexOptions.CultureInvariant, s_longestMatch);
        }
        catch (ArgumentException fault)
        {
            throw place.Fault($"the regular expression is not supported: {fault.Message}. Give a list of modules");
        }
    }
}
