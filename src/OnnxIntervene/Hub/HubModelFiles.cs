using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Hub;

/// <summary>Chooses one model of a repository that may hold many, and the files that it needs.</summary>
internal static class HubModelFiles
{
    private const string UsualFolder = "onnx/";

    /// <summary>
    /// The model that a reference means: the file it names, or the <c>model.onnx</c> (or only .onnx file) of its
    /// folder, or of <c>onnx</c> in it.
    /// </summary>
    /// <exception cref="InterventionException">There is none, or there are several.</exception>
    public static string Choose(HubReference reference, IEnumerable<string> paths)
    {
        var models = paths
            .Where(path => path.EndsWith(".onnx", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToList();
        if (models.Contains(reference.Path))
            return reference.Path;
        var folder = reference.Path.Length == 0 ? "" : reference.Path + "/";
        foreach (var candidate in new[] { folder, folder + UsualFolder })
        {
            var here = models.Where(path => Folder(path) == candidate).ToList();
            if (here.Contains(candidate + "model.onnx"))
                return candidate + "model.onnx";
            if (here.Count == 1)
                return here[0];
        }

        throw new InterventionException(
            models.Count == 0
                ? $"'{reference}' holds no .onnx file. Export the model to ONNX first (optimum, torch.onnx or "
                    + $"onnxruntime-genai), or name another repository."
                : $"'{reference}' does not say which model: name one of {string.Join(", ", models.Take(20))}. "
                    + $"Example: hf:{reference.Repository}/{models[0]}."
        );
    }

    /// <summary>
    /// The model, the data beside it, and what its folder and the repository's root hold besides models:
    /// configurations, tokenizers.
    /// </summary>
    public static ImmutableArray<HubFile> Needed(string model, ImmutableArray<HubFile> files)
    {
        var folder = Folder(model);
        return
        [
            .. files.Where(file =>
                file.Path == model
                || (Folder(file.Path) == folder && IsData(file.Path, model))
                || (IsBeside(file.Path, folder) && IsSmallKind(file.Path))
            ),
        ];
    }

    // The data of another variant of the model has that variant's name.
    private static bool IsData(string path, string model)
    {
        var stem = model[..^".onnx".Length];
        return path.StartsWith(model, StringComparison.Ordinal) && !path.EndsWith(".onnx", StringComparison.Ordinal)
            || path == stem + ".data"
            || path == stem + ".bin"
            || path == stem + ".weight"
            || (
                path.EndsWith(".data", StringComparison.Ordinal)
                && !path.EndsWith(".onnx.data", StringComparison.Ordinal)
            );
    }

    private static bool IsBeside(string path, string folder) => Folder(path) == folder || Folder(path).Length == 0;

    private static bool IsSmallKind(string path) =>
        path.EndsWith(".json", StringComparison.Ordinal)
        || path.EndsWith(".txt", StringComparison.Ordinal)
        || path.EndsWith(".model", StringComparison.Ordinal)
        || path.EndsWith(".jinja", StringComparison.Ordinal);

    private static string Folder(string path) => path[..(path.LastIndexOf('/') + 1)];
}
