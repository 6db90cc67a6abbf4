using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components.Naming;

/// <summary>What a file's module names tell: the family, its components, and what was looked for in vain.</summary>
internal sealed record NamedComponents(
    string? Family,
    int LayerCount,
    IReadOnlyList<Component> Components,
    IReadOnlyList<MissingComponent> Missing
);
