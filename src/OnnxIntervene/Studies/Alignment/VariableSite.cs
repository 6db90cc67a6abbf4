namespace OnnxIntervene.Studies.Alignment;

/// <summary>Where a variable is, when it is not searched: beside it others are.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Position">Where bases are written.</param>
public sealed record VariableSite(int Layer, ExamplePosition Position)
{
    /// <summary>The component; null for the request's.</summary>
    public string? Component { get; init; }

    /// <summary>The head, where the component has heads.</summary>
    public int? Head { get; init; }

    /// <summary>Where sources are read; null for the same position.</summary>
    public ExamplePosition? SourcePosition { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Component} layer {Layer}, position {Position}"
        + (SourcePosition is { } source ? $", source position {source}" : "")
        + (Head is { } head ? $", head {head}" : "");
}
