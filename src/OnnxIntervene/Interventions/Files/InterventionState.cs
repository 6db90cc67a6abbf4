using System.Collections.Immutable;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Files;

/// <summary>An intervention's tensors as pyvene keeps them in its files (the module's state_dict), and back.</summary>
internal static class InterventionState
{
    private const string Source = "source_representation";

    /// <summary>The intervention and its constant source, if any.</summary>
    /// <exception cref="InterventionException">A tensor is missing or does not fit.</exception>
    public static (Intervention Intervention, NumericArray? Source) Read(
        InterventionType type,
        IReadOnlyDictionary<string, NumericArray> tensors
    )
    {
        var parameters = new Dictionary<string, NumericArray>(tensors, StringComparer.Ordinal);
        var parametrizations = ImmutableDictionary<string, OrthogonalParametrization>.Empty;
        foreach (var name in type.Parameters.Where(IsOrthogonal).Select(parameter => parameter.Name))
        {
            if (parameters.Remove(Original(name), out var original) && parameters.Remove(Base(name), out var start))
            {
                var parametrization = new OrthogonalParametrization(original, start);
                parameters[name] = parametrization.Weight();
                parametrizations = parametrizations.Add(name, parametrization);
            }
        }

        var intervention = InterventionParameters.Create(type, parameters) with { Parametrizations = parametrizations };
        RotationCheck.Check(intervention);
        return (
            intervention,
            type.Parameters.Any(parameter => parameter.Name == Source) ? null : parameters.GetValueOrDefault(Source)
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
        var type = intervention.Type;
        foreach (var parameter in type.Parameters.Where(IsPlain))
        {
            var array = intervention.Parameters[parameter.Name];
            yield return new(parameter.Name, TorchTensor.Of(parameter.IsScalar ? array.Reshape() : array));
        }

        foreach (var (name, array) in type.Buffers(intervention.Sizes))
            yield return new(name, TorchTensor.Of(array));
        if (width > 0)
        {
            yield return new("embed_dim", TorchTensor.Of(width));
            yield return new("interchange_dim", TorchTensor.Of(width));
        }

        if (source is not null)
            yield return new(Source, TorchTensor.Of(source));
        foreach (var name in type.Parameters.Where(IsOrthogonal).Select(parameter => parameter.Name))
        {
            var parametrization =
                intervention.Parametrizations.GetValueOrDefault(name)
                ?? OrthogonalParametrization.FromWeight(intervention.Parameters[name]);
            yield return new(Original(name), TorchTensor.Of(parametrization.Original));
            yield return new(Base(name), TorchTensor.Of(parametrization.Base));
        }
    }

    private static bool IsPlain(KindParameter parameter) => parameter.Shape is not null && !IsOrthogonal(parameter);

    private static bool IsOrthogonal(KindParameter parameter) => parameter.Training == ParameterTraining.Orthogonal;

    /// <summary>
    /// Where torch keeps the free numbers of a parameter: those of <c>layer.weight</c> beside it, in
    /// <c>layer.parametrizations.weight.original</c>.
    /// </summary>
    internal static string Original(string name) => $"{Parametrized(name)}.original";

    internal static string Base(string name) => $"{Parametrized(name)}.0.base";

    private static string Parametrized(string name)
    {
        var dot = name.LastIndexOf('.');
        return $"{name[..(dot + 1)]}parametrizations.{name[(dot + 1)..]}";
    }
}
