namespace OnnxIntervene.Testing.Hostile;

/// <summary>A file that may be broken, in a folder with the files that it belongs to.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Name">The file's name in it.</param>
public sealed record HostileFile(string Folder, string Name)
{
    private static readonly string[] s_mains = ["model.onnx", "interventions.json", "map.json"];

    /// <summary>Where the file lies.</summary>
    public string Path => System.IO.Path.Combine(Folder, Name);

    /// <summary>The file of a folder that the others belong to.</summary>
    public static HostileFile In(string folder)
    {
        var names = Directory
            .EnumerateFiles(folder)
            .Select(System.IO.Path.GetFileName)
            .OfType<string>()
            .Order()
            .ToList();
        return new HostileFile(folder, names.Find(name => s_mains.Contains(name)) ?? names[0]);
    }

    /// <summary>A number that depends on the file alone, for choices that must be the same the next time.</summary>
    public Random Choices()
    {
        var hash = 2166136261u;
        foreach (var part in File.ReadAllBytes(Path))
            hash = (hash ^ part) * 16777619u;
        return new Random((int)(hash & int.MaxValue));
    }
}
