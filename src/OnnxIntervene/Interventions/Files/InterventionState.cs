using OnnxIntervene.Formats;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Files;

/// <summary>An intervention's tensors as pyvene keeps them in its files (the module's state_dict), and back.</summary>
internal static class InterventionState
{
    private const string Original = "rotate_layer.parametrizations.weight.original";
    private const string Base = "rotate_layer.parametrizations.weight.0.base";
    private const string Source = "source_representation";

    /// <summary>The intervention and its constant source, if any.</summary>
    /// <exception cref="InterventionException">A tensor is missing or does not fit.</exception>
    public static (Intervention Intervention, NumericArray? Source) Read(
        InterventionType type,
        IReadOnlyDictionary<string, NumericArray> tensors
    )
    {
        var parameters = new Dictionary<string, NumericArray>(tensors, StringComparer.Ordinal);
        if (parameters.Remove(Original, out var original) && parameters.Remove(Base, out var start))
            parameters[ParameterShapes.Rotation] = new OrthogonalParametrization(original, start).Weight();
        return (
            InterventionParameters.Create(type, parameters),
            type == InterventionType.ConstantSource ? null : parameters.GetValueOrDefault(Source)
        );
    }

    /// <summary>
    /// The tensors in the order of pyvene's state_dict: own parameters, buffers, the rotation's parametrization.
    /// </summary>
    /// <param name="intervention">The intervention.</param>
    /// <param name="source">Its constant source; null for none.</param>
    /// <param name="width">Elements of a row; 0 where not known.</param>
    public static IEnumerable<KeyValuePair<string, TorchTensor>> Write(
        Intervention intervention,
        NumericArray? source,
        int width
    )
    {
        foreach (var (name, shape) in Own(intervention))
        {
            var array = intervention.Parameters[name];
            yield return new(
                name,
                TorchTensor.Of(shape.Length == 1 && name == ParameterShapes.Temperature ? array.Reshape() : array)
            );
        }

        if (intervention.Type == InterventionType.BoundlessRotatedSpace)
            yield return new("intervention_population", TorchTensor.Of(Population(intervention.Sizes.Latents)));
        if (width > 0)
        {
            yield return new("embed_dim", TorchTensor.Of(width));
            yield return new("interchange_dim", TorchTensor.Of(width));
        }

        if (source is not null)
            yield return new(Source, TorchTensor.Of(source));
        if (!intervention.Parameters.TryGetValue(ParameterShapes.Rotation, out var rotation))
            yield break;
        var parametrization = OrthogonalParametrization.FromWeight(rotation);
        yield return new(Original, TorchTensor.Of(parametrization.Original));
        yield return new(Base, TorchTensor.Of(parametrization.Base));
    }

    private static IEnumerable<(string Name, System.Collections.Immutable.ImmutableArray<int> Shape)> Own(
        Intervention intervention
    ) =>
        ParameterShapes
            .Of(intervention.Type, intervention.Sizes)
            .Where(entry => entry.Name != ParameterShapes.Rotation);

    private static NumericArray Population(int count) =>
        NumericArray.Of(Enumerable.Range(0, count).Select(number => (long)number).ToArray(), count);
}
