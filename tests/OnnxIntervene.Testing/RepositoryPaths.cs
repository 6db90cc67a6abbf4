namespace OnnxIntervene.Testing;

/// <summary>Where tests find models and references.</summary>
public static class RepositoryPaths
{
    /// <summary>The folder that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The references: those of the repository, or of the folder that ONNX_INTERVENE_ORACLE names.</summary>
    public static string References { get; } =
        Environment.GetEnvironmentVariable("ONNX_INTERVENE_ORACLE") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Root, "tests", "references");

    /// <summary>The repository's own references, whatever the environment says.</summary>
    public static string OwnReferences { get; } = Path.Combine(Root, "tests", "references");

    /// <summary>The model that the command uses when none is named.</summary>
    public static string DefaultModel { get; } = Path.Combine(Root, "models", "facts-gpt2");

    /// <summary>What developers share beside the repository; null on a machine that lacks it.</summary>
    public static string? Shared { get; } = FindShared();

    /// <summary>The large model with its goldens; null where it is not.</summary>
    public static string? LargeModel { get; } =
        Shared is { } shared && Directory.Exists(Path.Combine(shared, "oracle", "smollm2"))
            ? Path.Combine(shared, "oracle", "smollm2")
            : null;

    /// <summary>Broken files that were once read wrongly, by reader.</summary>
    public static string Hostile { get; } = Path.Combine(OwnReferences, "hostile");

    /// <summary>Every model file of the references, without those that are broken on purpose.</summary>
    public static IEnumerable<string> ReferenceModels() =>
        Directory
            .EnumerateFiles(References, "*.onnx", SearchOption.AllDirectories)
            .Where(file => !IsHostile(file))
            .Order(StringComparer.Ordinal);

    /// <summary>Whether a file of the references is broken on purpose.</summary>
    public static bool IsHostile(string file) => file.StartsWith(Hostile, StringComparison.Ordinal);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OnnxIntervene.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("The tests do not run inside the repository.");
    }

    private static string? FindShared()
    {
        var folder = Path.Combine(Path.GetDirectoryName(Root)!, "shared");
        return Directory.Exists(folder) ? folder : null;
    }
}
