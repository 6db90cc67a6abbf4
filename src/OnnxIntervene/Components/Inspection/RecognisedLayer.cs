using System.Collections.Immutable;

namespace OnnxIntervene.Components.Inspection;

/// <summary>One layer that the structural search recognises.</summary>
/// <param name="Stack">
/// Which stack of layers it belongs to, from 0; an encoder and a decoder in one file are two.
/// </param>
/// <param name="IsMain">Whether components of this stack are meant where no stack is named.</param>
/// <param name="Layer">The layer's number in its stack; null for a stream that has no layers.</param>
/// <param name="Parts">Its sub-layers, in the order of a forward pass.</param>
public sealed record RecognisedLayer(int Stack, bool IsMain, int? Layer, ImmutableArray<RecognisedPart> Parts)
{
    /// <summary>The stack's name, which stands before a component's; empty where it is the only one.</summary>
    public string StackName { get; init; } = "";
}
