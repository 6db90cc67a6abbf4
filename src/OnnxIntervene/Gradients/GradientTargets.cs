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

    /// <summary>Components that a run can move: something is added to each, before its gradient is taken.</summary>
    internal ImmutableArray<ComponentAddress> Moved { get; init; } = [];

    /// <summary>Components whose values are wanted beside the gradients.</summary>
    internal ImmutableArray<ComponentAddress> Read { get; init; } = [];

    /// <summary>One component in some layers.</summary>
    public static GradientTargets Of(string component, params IEnumerable<int> layers) =>
        new() { Components = [.. layers.Select(layer => new ComponentAddress(layer, component))] };

    /// <summary>The same, each once.</summary>
    internal GradientTargets Distinct() =>
        new()
        {
            Components = [.. Components.Distinct()],
            Weights = [.. Weights.Distinct()],
            Moved = [.. Moved.Distinct()],
            Read = [.. Read.Distinct()],
        };
}
