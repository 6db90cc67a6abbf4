using System.Collections.Immutable;

namespace OnnxIntervene.Formats;

/// <summary>
/// What a gguf header says about one tensor, checked against the file's length. The sizes are outermost first.
/// </summary>
internal sealed record GgufEntry(string Type, ImmutableArray<int> Shape, long Offset, long Length);
