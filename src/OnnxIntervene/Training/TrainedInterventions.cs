using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Training;

/// <summary>
/// The interventions of a model while they are trained: representations that share an intervention share its numbers.
/// </summary>
internal sealed class TrainedInterventions : IDisposable
{
    private readonly ImmutableArray<Intervention> _started;
    private readonly ImmutableArray<int> _sharedBy;
    private ImmutableArray<Intervention> _current;
    private ImmutableArray<NumericArray> _of = [];
    private float? _temperature;

    /// <summary>Begins with the model's own interventions.</summary>
    /// <exception cref="InterventionException">
    /// Nothing of them is trained, or a rotation is not orthonormal.
    /// </exception>
    public TrainedInterventions(IntervenableModel model, OrthogonalMap map, ExecutionOptions options)
    {
        var distinct = model.Interventions.Distinct(ReferenceEqualityComparer.Instance).Cast<Intervention>().ToList();
        _started = [.. distinct];
        _sharedBy = [.. model.Interventions.Select(own => distinct.FindIndex(other => ReferenceEquals(own, other)))];
        Parameters =
        [
            .. distinct.SelectMany(
                (intervention, index) =>
                    intervention
                        .Type.Parameters.Where(parameter => parameter.Training != ParameterTraining.None)
                        .Select(parameter => new TrainedParameter(
                            index,
                            parameter.Name,
                            Array(intervention, parameter, map, options)
                        )
                        {
                            IsBoundary = parameter.IsBoundary,
                        })
            ),
        ];
        if (Parameters.IsEmpty)
            throw new InterventionException(
                $"Nothing can be trained: {string.Join(", ", distinct.Select(item => item.Type.ClassName))} "
                    + "have no trained parameters. Take a trainable kind: RotatedSpaceIntervention, for example."
            );
    }

    /// <summary>Every array that is trained.</summary>
    public ImmutableArray<TrainedParameter> Parameters { get; }

    /// <summary>The intervention of each representation, with the numbers as they are now.</summary>
    public ImmutableArray<Intervention> Current
    {
        get
        {
            // Arrays are replaced when they move.
            ImmutableArray<NumericArray> numbers = [.. Parameters.Select(parameter => parameter.Array.Free)];
            if (_current.IsDefault || !_of.AsSpan().SequenceEqual(numbers.AsSpan(), ReferenceEqualityComparer.Instance))
            {
                _of = numbers;
                var made = _started.Select(Make).ToList();
                _current = [.. _sharedBy.Select(index => made[index])];
            }

            return _current;
        }
    }

    /// <summary>The temperature that soft masks are given; null for their own.</summary>
    public float? Temperature
    {
        get => _temperature;
        set
        {
            if (_temperature != value)
                _current = default;
            _temperature = value;
        }
    }

    /// <summary>The arrays that representation number <paramref name="index"/> trains.</summary>
    public IEnumerable<TrainedParameter> Of(int index) =>
        Parameters.Where(parameter => parameter.Intervention == _sharedBy[index]);

    /// <summary>Whether a parameter of a representation is trained.</summary>
    public bool IsTrained(int index, string name) => Of(index).Any(parameter => parameter.Name == name);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var parameter in Parameters)
            parameter.Array.Dispose();
    }

    private static TrainedArray Array(
        Intervention intervention,
        KindParameter parameter,
        OrthogonalMap map,
        ExecutionOptions options
    )
    {
        var array = intervention.Parameters[parameter.Name];
        if (parameter.Training != ParameterTraining.Orthogonal)
            return new PlainArray(array);
        return OrthogonalArray.Of(
            intervention.Parametrizations.GetValueOrDefault(parameter.Name)
                ?? OrthogonalParametrization.FromWeight(array),
            map,
            options
        );
    }

    private Intervention Make(Intervention started, int index)
    {
        var (arrays, parametrizations) = (started.Parameters, started.Parametrizations);
        foreach (var parameter in Parameters.Where(parameter => parameter.Intervention == index))
        {
            arrays = arrays.SetItem(parameter.Name, parameter.Array.Value);
            if (parameter.Array.Parametrization is { } parametrization)
                parametrizations = parametrizations.SetItem(parameter.Name, parametrization);
        }

        if (_temperature is { } temperature && arrays.ContainsKey(SoftMask.TemperatureName))
            arrays = arrays.SetItem(SoftMask.TemperatureName, NumericArray.Of(new[] { temperature }, 1));
        return ReferenceEquals(arrays, started.Parameters)
            ? started
            : InterventionParameters.Create(started.Type, arrays, isTrained: true) with
            {
                Parametrizations = parametrizations,
            };
    }
}

/// <summary>An array that is trained.</summary>
/// <param name="Intervention">The number of its intervention among the distinct ones.</param>
/// <param name="Name">Its name in pyvene's files.</param>
/// <param name="Array">Its numbers.</param>
internal sealed record TrainedParameter(int Intervention, string Name, TrainedArray Array)
{
    /// <summary>Whether it is the boundary of a subspace.</summary>
    public bool IsBoundary { get; init; }

    /// <summary>pyvene's name for the numbers that the optimiser moves.</summary>
    public string FreeName => Array is OrthogonalArray ? InterventionState.Original(Name) : Name;
}
