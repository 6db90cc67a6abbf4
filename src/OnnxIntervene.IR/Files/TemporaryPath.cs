using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace OnnxIntervene.IR.Files;

/// <summary>
/// The path of a file or folder that is not whole yet: the final one with the process's number and <c>.partial</c>.
/// Disposing deletes what is there; what a killed process left is deleted by the next that writes there.
/// </summary>
internal sealed partial class TemporaryPath : IDisposable
{
    // A number alone does not tell: in containers every process may have the same.
    private static readonly ConcurrentDictionary<string, bool> s_own = new(StringComparer.Ordinal);
    private readonly string _token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    /// <summary>A new path beside <paramref name="final"/>. Nothing is made there.</summary>
    public TemporaryPath(string final)
    {
        s_own[_token] = true;
        Value = $"{final}.{Environment.ProcessId}-{_token}.partial";
    }

    /// <summary>A new path in a folder.</summary>
    public static TemporaryPath In(string folder) => new(folder + Path.DirectorySeparatorChar);

    /// <summary>The path.</summary>
    public string Value { get; }

    /// <summary>Deletes what processes that no longer run have left in a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="final">The name that the file would have got; null for any.</param>
    public static void Sweep(string folder, string? final = null)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*.partial").ToList())
        {
            if (Pattern().Match(entry.Name) is { Success: true } match && IsLeft(match, final))
                Delete(entry.FullName);
        }
    }

    /// <summary>Whether a name is one of a file or folder that is not whole.</summary>
    public static bool IsTemporary(string name) => Pattern().IsMatch(name);

    /// <inheritdoc/>
    public void Dispose()
    {
        Delete(Value);
        s_own.TryRemove(_token, out _);
    }

    // What cannot be deleted, the next save tries again.
    private static void Delete(string path)
    {
        try
        {
            if (Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null)
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException) { }
    }

    private static bool IsLeft(Match match, string? final)
    {
        if (final is not null && match.Groups["final"].Value != final)
            return false;
        if (!int.TryParse(match.Groups["process"].Value, CultureInfo.InvariantCulture, out var process))
            return false;
        return process == Environment.ProcessId ? !s_own.ContainsKey(match.Groups["token"].Value) : !IsRunning(process);
    }

    private static bool IsRunning(int number)
    {
        try
        {
            using var process = Process.GetProcessById(number);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^(?<final>.*)\.(?<process>[0-9]+)-(?<token>[0-9a-f]{8})\.partial\z")]
    private static partial Regex Pattern();
}
