using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Components.Configuration;

/// <summary>
/// What the files beside a model say about its layers and heads: Hugging Face's <c>config.json</c>, and
/// <c>genai_config.json</c> of onnxruntime-genai.
/// </summary>
/// <param name="Numbers">The numbers, in the order of the files' keys.</param>
public sealed record ModelConfiguration(ImmutableArray<ConfiguredNumber> Numbers)
{
    /// <summary>Says nothing.</summary>
    public static ModelConfiguration None { get; } = new([]);

    /// <summary>The names of a classifier's classes by number (<c>id2label</c>).</summary>
    public ImmutableDictionary<int, string> Labels { get; init; } = ImmutableDictionary<int, string>.Empty;

    /// <summary>The height and width of images (<c>image_size</c>); null where no file says it.</summary>
    public int? ImageSize { get; init; }

    /// <summary>
    /// The heads that are gone from each layer, numbered as when all were there (<c>pruned_heads</c>); the other
    /// numbers are those from before.
    /// </summary>
    public ImmutableDictionary<int, ImmutableArray<int>> PrunedHeads { get; init; } =
        ImmutableDictionary<int, ImmutableArray<int>>.Empty;

    /// <summary>
    /// Reads what is in the folder of an .onnx file; missing files and keys say nothing.
    /// </summary>
    /// <exception cref="ModelFormatException">A file is not JSON.</exception>
    public static ModelConfiguration ReadBeside(string modelPath)
    {
        ArgumentNullException.ThrowIfNull(modelPath);
        return ModelConfigurationReader.Read(modelPath);
    }
}
