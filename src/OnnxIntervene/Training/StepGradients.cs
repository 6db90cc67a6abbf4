using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Planning;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>The gradients of a step by its parameters, from run to run on the way back.</summary>
internal sealed class StepGradients(TrainedInterventions trained)
{
    private readonly Dictionary<TrainedParameter, float[]> _sums = trained.Parameters.ToDictionary(
        parameter => parameter,
        parameter => new float[parameter.Array.Value.Length]
    );

    /// <summary>Adds the gradients of a run. What several of its sites share has one input.</summary>
    /// <param name="part">The sites of the run.</param>
    /// <param name="ports">Their ports.</param>
    /// <param name="gradients">Gradients, by input.</param>
    public void Add(PlanPart part, ImmutableArray<SitePorts> ports, ImmutableDictionary<string, NumericArray> gradients)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, site) in part.Indices.Zip(ports))
        foreach (var parameter in trained.Of(index))
        {
            var port = site.Parameters.FirstOrDefault(own => own.Name == parameter.Name);
            if (port is not null && gradients.TryGetValue(port.Input, out var gradient) && known.Add(port.Input))
                TensorPrimitives.Add(_sums[parameter], gradient.Floats, _sums[parameter]);
        }
    }

    /// <summary>The sum of a parameter's gradients.</summary>
    public float[] Of(TrainedParameter parameter) => _sums[parameter];
}
