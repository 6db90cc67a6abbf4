using System.Collections.Immutable;

namespace OnnxIntervene.Comparing;

/// <summary>Where two models part, and what that causes.</summary>
public sealed record ModelComparisonResult
{
    /// <summary>What was compared, in the order in which B computes it.</summary>
    public required ImmutableArray<ComparedComponent> Components { get; init; }

    /// <summary>The outputs; null where A's are not known, or where they are not floating-point numbers.</summary>
    public required ComparedOutput? Output { get; init; }

    /// <summary>What was not compared, with the reasons.</summary>
    public required ImmutableArray<OmittedComponent> Omitted { get; init; }

    /// <summary>What rounding explains.</summary>
    public required RoundingLimits Limits { get; init; }

    /// <summary>How many examples were run.</summary>
    public required int Examples { get; init; }

    /// <summary>How many positions were compared, over all examples.</summary>
    public required int Positions { get; init; }

    /// <summary>The first component that parts by more than rounding explains; null when none does.</summary>
    public ComparedComponent? First => Components.FirstOrDefault(component => component.PartsByItself);

    /// <summary>Every component that does, in the order of computation.</summary>
    public ImmutableArray<ComparedComponent> Parting => [.. Components.Where(component => component.PartsByItself)];

    /// <summary>The component whose own difference, taken out, restores most; null when none was measured.</summary>
    public ComparedComponent? MainCause =>
        Components.Where(component => component.Repaired is not null).MaxBy(component => component.Repaired);
}
