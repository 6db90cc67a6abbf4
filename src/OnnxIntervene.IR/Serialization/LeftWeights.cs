using OnnxIntervene.IR.Files;

namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// Finds weight files that earlier saves or killed ones left in a folder and that no model there refers to.
/// </summary>
internal static class LeftWeights
{
    /// <summary>Their names; none when a model in the folder cannot be read.</summary>
    public static IEnumerable<string> In(string folder)
    {
        var left = Directory
            .GetFiles(folder)
            .Select(Path.GetFileName)
            .OfType<string>()
            .Where(ContentName.IsOne)
            .ToHashSet();
        if (left.Count == 0)
            return [];
        try
        {
            foreach (var model in Directory.GetFiles(folder, "*.onnx"))
                left.ExceptWith(Referenced(model));
        }
        catch (Exception fault) when (fault is ModelFormatException or InvalidGraphException or IOException)
        {
            return [];
        }

        return left;
    }

    private static IEnumerable<string> Referenced(string model) =>
        OnnxFile
            .Load(model)
            .Graph.Initializers.Select(value => Path.GetFileName(value.Initializer?.Span?.Path))
            .OfType<string>()
            .Distinct();
}
