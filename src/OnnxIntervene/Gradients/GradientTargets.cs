using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Gradients;

/// <summary>What a loss is differentiated by; at least one of them.</summary>
public sealed record GradientTargets
{
    /// <summary>Components.</summary>
    public ImmutableArray<ComponentAddress> Components { get; init; } = [];

    /// <summary>
    /// Constants of the model, by the names that the file gives them (initializers): floating-point weights, not
    /// quantised ones.
    /// </summary>
    public ImmutableArray<string> Weights { get; init; } = [];

    /// <summary>One component in some layers.</summary>
    public static GradientTargets Of(string component, params IEnumerable<int> layers) =>
        new() { Components = [.. layers.Select(layer => new ComponentAddress(layer, component))] };

    /// <summary>The same, each once.</summary>
    internal GradientTargets Distinct() =>
        new() { Components = [.. Components.Distinct()], Weights = [.. Weights.Distinct()] };
}
