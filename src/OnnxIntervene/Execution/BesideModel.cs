using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Execution;

/// <summary>The files that belong beside a model: configurations, vocabularies, templates.</summary>
internal static class BesideModel
{
    private const string UsualName = "model.onnx";
    private const string GenAIFile = "genai_config.json";
    private const long LargestBeside = 64L << 20;

    // What runtimes look for.
    private static readonly string[] s_beside = [".json", ".txt", ".jinja", ".model", ".tiktoken"];

    /// <summary>The files by name, with what copies each of them.</summary>
    public static ImmutableSortedDictionary<string, Action<Stream>> Of(ModelFile model) =>
        Directory
            .GetFiles(model.Folder)
            .Where(file => s_beside.Contains(Path.GetExtension(file)) && new FileInfo(file).Length <= LargestBeside)
            .ToImmutableSortedDictionary(
                file => Path.GetFileName(file),
                file => (Action<Stream>)(target => Copy(file, target)),
                StringComparer.Ordinal
            );

    /// <summary>Throws where a folder that a model is written to is the model's own.</summary>
    /// <exception cref="InterventionException">It is.</exception>
    public static void RefuseOwnFolder(ModelFile model, string folder)
    {
        if (model.IsIn(folder))
            throw new InterventionException(
                $"'{folder}' is the model's own folder; the model would be overwritten. Choose another."
            );
    }

    /// <summary>
    /// The file of a model that is written with these files beside it: <c>model.onnx</c>, or the model's own name where
    /// onnxruntime-genai's configuration, which says it, goes along.
    /// </summary>
    public static string FileIn(string folder, ModelFile model) =>
        Path.Combine(
            folder,
            File.Exists(Path.Combine(model.Folder, GenAIFile)) ? Path.GetFileName(model.Path) : UsualName
        );

    private static void Copy(string file, Stream target)
    {
        using var source = RegularFile.Open(file, message => new ModelFormatException(message));
        source.CopyTo(target);
    }
}
