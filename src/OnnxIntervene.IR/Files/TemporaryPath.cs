using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace OnnxIntervene.IR.Files;

/// <summary>
/// The path of a file or folder that is not whole yet: the final one with the process's number and <c>.partial</c>.
/// Disposing deletes what is there, and so does the end of a process that is asked to end; what a killed process left
/// is deleted by the next that writes there.
/// </summary>
internal sealed partial class TemporaryPath : IDisposable
{
    // A number alone does not tell: in containers every process may have the same.
    private static readonly ConcurrentDictionary<string, TemporaryPath> s_own = new(StringComparer.Ordinal);
    private readonly string _token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
    private readonly Lock _lock = new();
    private bool _isKept;
    private bool _isGivenUp;

    static TemporaryPath() => AppDomain.CurrentDomain.ProcessExit += (_, _) => GiveUpAll();

    /// <summary>A new path beside <paramref name="final"/>. Nothing is made there.</summary>
    public TemporaryPath(string final)
    {
        Value = $"{final}.{Environment.ProcessId}-{_token}.partial";
        s_own[_token] = this;
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

    /// <summary>Deletes everything that this process has not finished, but for what is kept.</summary>
    private static void GiveUpAll()
    {
        foreach (var path in s_own.Values)
            path.GiveUp();
    }

    /// <summary>
    /// Says that from now on only disposing may delete what is there: it is given its name, or holds what was there
    /// before.
    /// </summary>
    /// <exception cref="OperationCanceledException">The process ends, and has deleted it.</exception>
    public void Keep()
    {
        lock (_lock)
        {
            if (_isGivenUp)
                throw new OperationCanceledException($"'{Value}' was given up.");
            _isKept = true;
        }
    }

    /// <summary>Deletes what is there, unless it is kept, and lets nothing get its name any more.</summary>
    public void GiveUp()
    {
        lock (_lock)
        {
            if (_isKept)
                return;
            _isGivenUp = true;
            Delete(Value);
        }
    }

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
