using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Execution;

/// <summary>The files that belong beside a model: configurations, vocabularies, templates.</summary>
internal static class BesideModel
{
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

    private static void Copy(string file, Stream target)
    {
        using var source = RegularFile.Open(file, message => new ModelFormatException(message));
        source.CopyTo(target);
    }
}
