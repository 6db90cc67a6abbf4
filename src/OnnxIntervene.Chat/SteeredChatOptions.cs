using System.Collections.Immutable;
using OnnxIntervene.Generation;
using OnnxIntervene.Steering;

namespace OnnxIntervene.Chat;

/// <summary>What a chat client is made with.</summary>
public sealed record SteeredChatOptions
{
    /// <summary>How a conversation becomes a prompt; the model's own chat template where null.</summary>
    public ChatFormat? Format { get; init; }

    /// <summary>
    /// How tokens are chosen where a request does not say it, greedy by default; and what requests cannot say, such as
    /// min-p and the repetition penalty.
    /// </summary>
    public GenerationOptions Generation { get; init; } = new() { MaximumNewTokens = 512 };

    /// <summary>The steering vectors that requests may name.</summary>
    public IReadOnlyDictionary<string, SteeringVector> Vectors { get; init; } =
        ImmutableDictionary<string, SteeringVector>.Empty;

    /// <summary>
    /// How strongly vectors are added where a request does not say it, by their names; 0 where left out.
    /// </summary>
    public IReadOnlyDictionary<string, float> Coefficients { get; init; } = ImmutableDictionary<string, float>.Empty;

    /// <summary>
    /// How vectors act: added everywhere by default. A clamp has no coefficient, so that it is not for this.
    /// </summary>
    public SteeringManner Manner { get; init; } = SteeringManner.Addition;

    /// <summary>Interventions of any kind, in place of vectors; null for none.</summary>
    public ChatSteering? Steering { get; init; }

    /// <summary>
    /// Whether the oldest turns are left out when a conversation leaves no room for its answer; otherwise one that is
    /// longer than the model reads is refused. System messages at the beginning stay.
    /// </summary>
    public bool DropsOldestTurns { get; init; }
}
