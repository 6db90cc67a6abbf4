using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components.Naming;

/// <summary>
/// What a file's module names say: the family, its components, and what was looked for and not found.
/// </summary>
internal sealed record NameFindings(
    string? Family,
    int LayerCount,
    IReadOnlyList<Component> Components,
    IReadOnlyList<MissingComponent> Missing
)
{
    /// <summary>Names are not looked at.</summary>
    public static NameFindings None { get; } = new(null, 0, [], []);
}
