using System.Buffers;

namespace OnnxIntervene.Reports;

/// <summary>Names of files that every system takes, so that a report can be copied anywhere.</summary>
internal static class FileName
{
    private const int LongestName = 60;

    // The strictest system's rules.
    private static readonly SearchValues<char> s_reserved = SearchValues.Create("/\\:*?\"<>|");

    /// <summary>The name of a report's files, or a refusal.</summary>
    public static string Checked(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.AsSpan().ContainsAny(s_reserved) || name.Any(char.IsControl) || name[0] == '.')
        {
            throw new ArgumentException(
                $"'{name}' is not a valid name for a report's files. Use one without a folder, such as 'trace'.",
                nameof(name)
            );
        }

        return name;
    }

    /// <summary>Any text as a part of a name that is not taken yet, whatever the case of its letters.</summary>
    public static string Free(string text, string fallback, HashSet<string> taken)
    {
        var slug = Slug(text, fallback);
        var free = slug;
        for (var number = 2; !taken.Add(free); number++)
            free = $"{slug}-{number}";
        return free;
    }

    private static string Slug(string name, string fallback)
    {
        var kept = string.Concat(name.Take(LongestName).Select(letter => IsPlain(letter) ? letter : '-'));
        var slug = kept.Trim('-', '.');
        return slug.Length > 0 ? slug : fallback;
    }

    private static bool IsPlain(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_';
}
