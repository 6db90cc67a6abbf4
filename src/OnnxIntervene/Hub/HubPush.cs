namespace OnnxIntervene.Hub;

/// <summary>What is to be uploaded, and where to.</summary>
/// <param name="Folder">
/// The folder. Hidden files are left out, and files of the repository that the folder lacks stay there.
/// </param>
/// <param name="Target">
/// The repository, and the branch that the commit goes to; a path in it is the folder that the files go to.
/// </param>
public sealed record HubPush(string Folder, HubReference Target)
{
    /// <summary>The commit's message.</summary>
    public string Message { get; init; } = "Upload with onnx-intervene";

    /// <summary>Which files are taken.</summary>
    public HubFilter Filter { get; init; } = HubFilter.All;

    /// <summary>Whether a missing repository or branch is created.</summary>
    public bool Creates { get; init; }

    /// <summary>Whether a repository that is created is private.</summary>
    public bool IsPrivate { get; init; }
}
