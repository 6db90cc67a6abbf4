using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Runtime;

/// <summary>What a session is made from: equal recipes share one session.</summary>
/// <param name="Sites">What is spliced into the model, in the order in which runs feed it.</param>
internal sealed record SessionRecipe(ImmutableArray<SpliceSite> Sites)
{
    /// <summary>The tensors where the computation begins, which runs feed; none for the model's own inputs.</summary>
    public ImmutableArray<string> From { get; init; } = [];

    /// <summary>The component whose values runs feed, and with which the computation begins; null for none.</summary>
    public ComponentAddress? Start { get; init; }

    /// <summary>The component that is an output, too; null for none.</summary>
    public ComponentAddress? End { get; init; }

    /// <summary>Tensors of the main graph that are outputs, too, by name; none beside the others.</summary>
    public ImmutableArray<string> To { get; init; } = [];

    /// <summary>A component whose fused operator is opened although nothing is done there; null for none.</summary>
    public ComponentAddress? Opened { get; init; }

    /// <summary>The model's own outputs that are wanted, by name; default for all of them.</summary>
    public ImmutableArray<string> Outputs { get; init; }

    /// <summary>Whether only what the sites read is wanted: the computation ends there.</summary>
    public bool ReadsOnly { get; init; }

    /// <summary>Whether the logits are computed at chosen positions only, which runs feed.</summary>
    public bool ChoosesPositions { get; init; }

    /// <summary>Whether the logits are computed for chosen tokens only, which runs feed.</summary>
    public bool ChoosesTokens { get; init; }

    /// <inheritdoc/>
    public bool Equals(SessionRecipe? other) =>
        other is not null
        && ReadsOnly == other.ReadsOnly
        && ChoosesPositions == other.ChoosesPositions
        && ChoosesTokens == other.ChoosesTokens
        && Start == other.Start
        && End == other.End
        && Opened == other.Opened
        && Sites.SequenceEqual(other.Sites)
        && From.SequenceEqual(other.From)
        && To.SequenceEqual(other.To)
        && Outputs.IsDefault == other.Outputs.IsDefault
        && (Outputs.IsDefault || Outputs.SequenceEqual(other.Outputs));

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(ReadsOnly);
        hash.Add(ChoosesPositions);
        hash.Add(ChoosesTokens);
        hash.Add(Start);
        hash.Add(End);
        hash.Add(Opened);
        foreach (var site in Sites)
            hash.Add(site);
        foreach (var name in From.Concat(To))
            hash.Add(name);
        foreach (var name in Outputs.IsDefault ? [] : Outputs)
            hash.Add(name);
        return hash.ToHashCode();
    }
}
