using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Steering;

/// <summary>Directions that are added to a model's values, at one component of one or several layers.</summary>
/// <param name="Component">The component, <c>block_output</c> for the residual stream.</param>
/// <param name="Directions">The direction of each layer, <c>[width]</c>.</param>
public sealed record SteeringVector(string Component, ImmutableSortedDictionary<int, NumericArray> Directions)
{
    /// <summary>The component of control vectors: what a layer leaves in the residual stream.</summary>
    public const string Stream = "block_output";

    /// <summary>A direction at one layer.</summary>
    public static SteeringVector At(int layer, NumericArray direction, string component = Stream) =>
        new(component, ImmutableSortedDictionary<int, NumericArray>.Empty.Add(layer, direction));

    /// <summary>The same at some layers only.</summary>
    /// <exception cref="InterventionException">A layer has no direction.</exception>
    public SteeringVector AtLayers(IReadOnlyCollection<int> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        foreach (var layer in layers)
        {
            if (!Directions.ContainsKey(layer))
                throw new InterventionException(
                    $"The steering vector has no direction for layer {layer}; it has layers "
                        + $"{string.Join(", ", Directions.Keys)}."
                );
        }

        return this with
        {
            Directions = Directions.RemoveRange(Directions.Keys.Except(layers)),
        };
    }

    /// <summary>The same with every direction of length 1.</summary>
    /// <exception cref="InterventionException">A direction is zero.</exception>
    public SteeringVector Normalized() =>
        this with
        {
            Directions = Directions.ToImmutableSortedDictionary(
                entry => entry.Key,
                entry => Unit(entry.Key, entry.Value)
            ),
        };

    /// <summary>
    /// The interventions that add it: one at each layer, whose coefficients say how strongly.
    /// </summary>
    public ImmutableArray<RepresentationConfig> Representations => Acting(SteeringManner.Addition);

    /// <summary>The interventions by which it acts in some manner, one at each layer.</summary>
    /// <exception cref="InterventionException">
    /// The manner's parts do not go together, or a direction is missing or zero that something is measured along.
    /// </exception>
    public ImmutableArray<RepresentationConfig> Acting(SteeringManner manner)
    {
        ArgumentNullException.ThrowIfNull(manner);
        return
        [
            .. Directions.Select(entry => new RepresentationConfig
            {
                Layer = entry.Key,
                Component = Component,
                Intervention = manner.Of(entry.Key, entry.Value),
                SourceRepresentation = manner.Clamp is null ? entry.Value : null,
            }),
        ];
    }

    /// <summary>The length of a layer's direction.</summary>
    /// <exception cref="KeyNotFoundException">The layer has no direction.</exception>
    public double LengthAt(int layer) =>
        Math.Sqrt(Directions[layer].Floats.ToArray().Sum(number => (double)number * number));

    /// <summary>Throws unless the model has the component at every layer, with this width.</summary>
    /// <exception cref="InterventionException">A layer has no such component, or one of another width.</exception>
    public void Require(Components.ComponentMap components)
    {
        ArgumentNullException.ThrowIfNull(components);
        foreach (var (layer, direction) in Directions)
        {
            var found = components.Get(new ComponentAddress(layer, Component));
            if (direction.Shape.Length != 1 || (found.Width > 0 && direction.Length != found.Width))
                throw new InterventionException(
                    $"The steering vector is {direction.Length} wide at layer {layer}, but {found} is {found.Width} "
                        + "wide; it was made for another model."
                );
        }
    }

    private NumericArray Unit(int layer, NumericArray direction)
    {
        var length = LengthAt(layer);
        return length > 0
            ? NumericArray.Of(
                Array.ConvertAll(direction.Floats.ToArray(), number => (float)(number / length)),
                direction.Shape.AsSpan()
            )
            : throw new InterventionException($"The direction of layer {layer} is zero; it has no unit length.");
    }
}
