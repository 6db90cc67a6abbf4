using System.Collections.Immutable;
using System.IO.Enumeration;

namespace OnnxIntervene.Hub;

/// <summary>
/// Which files are taken. In a pattern <c>*</c> matches any characters, slashes too, and <c>?</c> one; a folder ends in
/// a slash.
/// </summary>
/// <param name="Include">A file must match one of these.</param>
/// <param name="Exclude">And none of these.</param>
public sealed record HubFilter(ImmutableArray<string> Include, ImmutableArray<string> Exclude)
{
    /// <summary>Every file.</summary>
    public static HubFilter All { get; } = new(["*"], []);

    /// <summary>
    /// What a model's folder needs: models with their data, configurations, tokenizers, saved interventions and
    /// vectors, card and licence; not the weights for torch.
    /// </summary>
    public static HubFilter Model { get; } =
        new(
            [
                "*.onnx",
                "*.onnx_data*",
                "*.data",
                "*.data.*",
                "*.json",
                "*.txt",
                "*.model",
                "*.jinja",
                "*.safetensors",
                "intkey_*.bin",
                "*/intkey_*.bin",
                "*.npy",
                "*.npz",
                "*.onnx_adapter",
                "README.md",
                "LICENSE*",
                "*/LICENSE*",
            ],
            ["model.safetensors", "*/model.safetensors", "model-*-of-*.safetensors", "*/model-*-of-*.safetensors"]
        );

    /// <summary>Whether the path of a file is taken.</summary>
    public bool Takes(string path) =>
        Include.Any(pattern => Fits(pattern, path)) && !Exclude.Any(pattern => Fits(pattern, path));

    private static bool Fits(string pattern, string path) =>
        FileSystemName.MatchesSimpleExpression(
            pattern.EndsWith('/') ? pattern + "*" : pattern,
            path,
            ignoreCase: false
        );
}
