using OnnxIntervene.Hub;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Execution;

/// <summary>A model on disk: the .onnx file, and the folder that may hold its tokenizer and configuration.</summary>
/// <param name="Path">The .onnx file.</param>
/// <param name="Folder">
/// The folder that holds the file, or the one around it when that folder is called <c>onnx</c> and only the outer one
/// has a tokenizer.
/// </param>
public sealed record ModelFile(string Path, string Folder)
{
    private const string InnerFolder = "onnx";

    /// <summary>
    /// The model that a path means: a file, or the <c>model.onnx</c> (or only .onnx file) of a folder or of <c>onnx</c>
    /// in it, or <c>hf:owner/name</c> on the Hub, which is pulled into the cache
    /// (<see cref="HubOptions.FromEnvironment"/>).
    /// </summary>
    /// <exception cref="ModelFormatException">There is no model at the path, or there are several.</exception>
    /// <exception cref="InterventionException">
    /// The text is not a reference to the Hub, or the repository holds no model, or several.
    /// </exception>
    /// <exception cref="HubException">The Hub has no such repository, or cannot be reached.</exception>
    public static ModelFile Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (HubReference.IsReference(path))
            return Find(HubModel.Locate(path, HubOptions.FromEnvironment()));
        if (File.Exists(path))
            return new ModelFile(path, FolderOf(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!));
        if (!Directory.Exists(path))
            throw new ModelFormatException(
                $"There is no file or folder '{path}'. Give an .onnx file, or the folder that holds it."
            );
        var usual = System.IO.Path.Combine(path, "model.onnx");
        if (File.Exists(usual))
            return new ModelFile(usual, path);
        var files = Directory.GetFiles(path, "*.onnx");
        var inner = System.IO.Path.Combine(path, InnerFolder);
        if (files.Length == 0 && Directory.Exists(inner))
            return Find(inner) with { Folder = FolderOf(inner) };
        return files.Length == 1
            ? new ModelFile(files[0], path)
            : throw new ModelFormatException(
                $"The folder '{path}' holds {files.Length} .onnx files and none called model.onnx. Give the file."
            );
    }

    /// <summary>
    /// Whether a folder is the model's own: it holds the file, what the file is a link to, or the tokenizer. It does
    /// not matter how the path is written, or whether it is a link.
    /// </summary>
    public bool IsIn(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string[] own = [Folder, FolderAround(Path), FolderAround(FolderBoundary.RealPath(Path))];
        return own.Any(other => Real(other) == Real(folder));
    }

    /// <summary>Whether a path is that of the model's file, or leads to it by links.</summary>
    public bool IsAt(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return FolderBoundary.RealPath(path) == FolderBoundary.RealPath(Path);
    }

    private static string FolderAround(string file) =>
        System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(file))!;

    private static string Real(string folder) =>
        System.IO.Path.TrimEndingDirectorySeparator(FolderBoundary.RealPath(folder));

    // Repositories for several frameworks keep the models in 'onnx' and the tokenizer, which all share, above.
    private static string FolderOf(string folder) =>
        System.IO.Path.GetFileName(folder) == InnerFolder
        && !Tokenizer.ExistsIn(folder)
        && System.IO.Path.GetDirectoryName(folder) is { } above
        && Tokenizer.ExistsIn(above)
            ? above
            : folder;
}
