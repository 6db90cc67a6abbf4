namespace OnnxIntervene.Fuzz;

/// <summary>The folder of findings: one for each reader and kind, with the files and what was said.</summary>
internal static class Kept
{
    public static string Path(string root, string target, string key) => System.IO.Path.Combine(root, target, key);

    /// <summary>Keeps the files of a folder.</summary>
    public static void Add(string kept, string folder, string message)
    {
        Directory.CreateDirectory(kept);
        foreach (
            var file in Directory
                .EnumerateFiles(folder)
                .Where(file => !file.EndsWith(".map.json", StringComparison.Ordinal))
        )
            File.Copy(file, System.IO.Path.Combine(kept, System.IO.Path.GetFileName(file)), overwrite: true);
        File.WriteAllText(kept + ".txt", message + Environment.NewLine);
    }
}
