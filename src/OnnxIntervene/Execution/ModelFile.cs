using OnnxIntervene.IR;

namespace OnnxIntervene.Execution;

/// <summary>A model on disk: the .onnx file, and the folder that may hold its tokenizer and configuration.</summary>
/// <param name="Path">The .onnx file.</param>
/// <param name="Folder">The folder that the file lies in.</param>
public sealed record ModelFile(string Path, string Folder)
{
    /// <summary>The model that a path means: a file, or the <c>model.onnx</c> (or only .onnx file) of a folder.</summary>
    /// <exception cref="ModelFormatException">There is no model at the path, or there are several.</exception>
    public static ModelFile Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (File.Exists(path))
            return new ModelFile(path, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        if (!Directory.Exists(path))
            throw new ModelFormatException($"There is no file or folder '{path}'. Give an .onnx file, or the folder that holds it.");
        var usual = System.IO.Path.Combine(path, "model.onnx");
        if (File.Exists(usual))
            return new ModelFile(usual, path);
        var files = Directory.GetFiles(path, "*.onnx");
        return files.Length == 1
            ? new ModelFile(files[0], path)
            : throw new ModelFormatException($"The folder '{path}' holds {files.Length} .onnx files and none called model.onnx. Give the file.");
    }
}
