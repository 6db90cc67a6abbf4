using OnnxIntervene.Components.Inspection;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;

namespace OnnxIntervene.Components.MapFiles;

/// <summary>A component map as a JSON file that people edit: which tensor each component of each layer is.</summary>
public static class ComponentMapFile
{
    /// <summary>Reads a map. Entries without a tensor are left to what is found in the model.</summary>
    /// <exception cref="InterventionException">
    /// The file is not a component map; the message names the place in it.
    /// </exception>
    public static ComponentOverrides Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new InterventionException($"There is no component map '{path}'.");
        return ComponentMapReader.ReadFile(path);
    }

    /// <summary>Reads a map from its text.</summary>
    /// <exception cref="InterventionException">
    /// The text is not a component map; the message names the place in it.
    /// </exception>
    public static ComponentOverrides Parse(string json) => ComponentMapReader.Read(json);

    /// <summary>
    /// Writes what was found in a model, and an empty entry with the reason and the nearest candidates for each
    /// component that was not.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, Model model, ComponentMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        var structure = GraphStructure.Describe(model, map);
        PendingFile.Write(path, stream => ComponentMapWriter.Write(stream, map, structure));
    }
}
