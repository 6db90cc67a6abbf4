using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>One interchange, and what a model that solves the task as supposed answers. Immutable.</summary>
public sealed record InterchangeExample
{
    /// <summary>What is intervened on.</summary>
    public required InterchangeInput Base { get; init; }

    /// <summary>One source for all interventions, or one each; a null entry skips its intervention.</summary>
    public required ImmutableArray<InterchangeInput?> Sources { get; init; }

    /// <summary>The token or class that is right with the interchange.</summary>
    public required int Label { get; init; }

    /// <summary>The token or class that is right without it; null where that is not known.</summary>
    public int? BaseLabel { get; init; }

    /// <summary>Where it comes from, as messages name it; empty for nowhere in particular.</summary>
    public string Origin { get; init; } = "";

    /// <summary>Whether the interchange changes the right answer; null where that is not known.</summary>
    public bool? IsAnswerChanged => BaseLabel is { } without ? without != Label : null;
}
