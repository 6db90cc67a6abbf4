using System.Text.RegularExpressions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Hub;

/// <summary>
/// A model on the Hugging Face Hub: <c>hf:owner/name</c>, <c>hf:owner/name@revision</c>, and a file or folder in it
/// after another slash. A slash inside a revision is written <c>%2F</c>, except in <c>refs/pr/1</c> and the like.
/// </summary>
public sealed partial record HubReference
{
    private const string Prefix = "hf:";
    private const string MainBranch = "main";
    private const int LongestName = 96;

    private HubReference(string owner, string name, string revision, string path)
    {
        Owner = owner;
        Name = name;
        Revision = revision;
        Path = path;
    }

    /// <summary>The user or organisation.</summary>
    public string Owner { get; }

    /// <summary>The repository's name.</summary>
    public string Name { get; }

    /// <summary>A branch, a tag or a commit; <c>main</c> where none is named.</summary>
    public string Revision { get; }

    /// <summary>A file or folder inside the repository, with slashes; empty for all of it.</summary>
    public string Path { get; }

    /// <summary>Owner and name.</summary>
    public string Repository => $"{Owner}/{Name}";

    /// <summary>Whether a text names something on the Hub, not a path on this machine.</summary>
    public static bool IsReference(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(Prefix, StringComparison.Ordinal);
    }

    /// <summary>Reads a reference.</summary>
    /// <exception cref="InterventionException">The text is not a reference.</exception>
    public static HubReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var match = Pattern().Match(text);
        if (!match.Success)
            throw Fault(text, "it is not of the form hf:owner/name, hf:owner/name@revision or hf:owner/name/file");
        var (owner, name) = (match.Groups["owner"].Value, match.Groups["name"].Value);
        if (!IsName(owner) || !IsName(name))
            throw Fault(
                text,
                "owners and names have up to 96 letters, digits, '-', '_' and '.', with '-' and '.' neither doubled "
                    + "nor at an end"
            );
        var revision = match.Groups["revision"].Success
            ? Uri.UnescapeDataString(match.Groups["revision"].Value)
            : MainBranch;
        if (HubPaths.Fault(revision) is { } fault)
            throw Fault(text, $"the revision '{revision}' {fault}");
        var path = match.Groups["path"].Value;
        if (path.Length > 0 && HubPaths.Fault(path) is { } pathFault)
            throw Fault(text, $"the path '{path}' {pathFault}");
        return new HubReference(owner, name, revision, path);
    }

    /// <summary>The same repository at another revision.</summary>
    /// <exception cref="InterventionException">The revision is not a branch, tag or commit.</exception>
    public HubReference At(string revision) =>
        HubPaths.Fault(revision) is { } fault
            ? throw Fault(ToString(), $"the revision '{revision}' {fault}")
            : new HubReference(Owner, Name, revision, Path);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Prefix}{Repository}{(Revision == MainBranch ? "" : "@" + Revision)}{(Path.Length == 0 ? "" : "/" + Path)}";

    private static InterventionException Fault(string text, string reason) =>
        new($"'{text}' is not a reference to the Hub: {reason}. Example: hf:openai-community/gpt2@main/onnx.");

    // The separators that the Hub's cache puts between owner and name may not occur in either.
    private static bool IsName(string name) =>
        name.Length <= LongestName
        && !name.Contains("--", StringComparison.Ordinal)
        && !name.Contains("..", StringComparison.Ordinal)
        && name[0] is not ('-' or '.')
        && name[^1] is not ('-' or '.');

    [GeneratedRegex(
        @"\Ahf:(//)?(?<owner>[A-Za-z0-9_.-]+)/(?<name>[A-Za-z0-9_.-]+)"
            + @"(@(?<revision>refs/(pr|convert)/[^/@]+|[^/@]+))?(/(?<path>.+?))?/?\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Pattern();
}
