using System.Collections.Immutable;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;

namespace OnnxIntervene.Generation;

/// <summary>
/// The tokens that end a text: <c>eos_token_id</c> of the first of <c>generation_config.json</c>,
/// <c>genai_config.json</c> and <c>config.json</c> that has it.
/// </summary>
internal static class EndOfText
{
    private const string Key = "eos_token_id";
    private static readonly (string File, string Section)[] s_files =
    [
        ("generation_config.json", ""),
        ("genai_config.json", "model"),
        ("config.json", ""),
    ];

    /// <summary>The tokens; none where no file says it.</summary>
    /// <exception cref="IR.ModelFormatException">A file is not JSON, or its tokens are not numbers.</exception>
    public static ImmutableArray<int> TokensOf(string modelPath)
    {
        var boundary = FolderBoundary.Around(modelPath);
        var folder = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        foreach (var (file, section) in s_files)
        {
            var path = boundary.Checked(Path.Combine(folder, file));
            if (!File.Exists(path))
                continue;
            var source = JsonSource.File($"The configuration '{path}'") with { AllowsComments = true };
            var root = JsonText.Read(path, source);
            if (section.Length > 0 && root.IsObject)
                root = root[section];
            if (root.IsObject && root.Find(Key) is { } tokens)
                return tokens.IsList ? [.. tokens.Integers(0)] : [tokens.Integer(0)];
        }

        return [];
    }
}
