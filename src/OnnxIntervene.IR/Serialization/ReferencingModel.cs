using System.Collections.Immutable;

namespace OnnxIntervene.IR.Serialization;

/// <summary>A small model file in memory whose large constants are references into other files.</summary>
/// <param name="Bytes">The model file's bytes.</param>
/// <param name="WeightsFolder">
/// The folder that the references are relative to, for ONNX Runtime's
/// <c>session.model_external_initializers_file_folder_path</c>; null when there are no references.
/// </param>
public sealed record ReferencingModel(ReadOnlyMemory<byte> Bytes, string? WeightsFolder)
{
    /// <summary>The constants whose contents the bytes only refer to.</summary>
    public ImmutableArray<Value> Referenced { get; init; } = [];
}
