namespace OnnxIntervene.Components.Addressing;

/// <summary>A component that was looked for and not found.</summary>
/// <param name="Address">Layer and name.</param>
/// <param name="Reason">What was looked for and what was there instead.</param>
public sealed record MissingComponent(ComponentAddress Address, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Address}: {Reason}";
}
