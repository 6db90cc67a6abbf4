using System.Collections.Immutable;
using OnnxIntervene.Planning;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>
/// Gradients by what runs read of sources: a run that writes it has them, and the run that read it goes on.
/// </summary>
internal sealed class ReadGradients(RunPlan plan)
{
    private readonly Dictionary<int, NumericArray> _byRead = [];

    /// <summary>Takes those that a run has.</summary>
    /// <param name="part">The sites of the run.</param>
    /// <param name="ports">Their ports.</param>
    /// <param name="gradients">Gradients, by input.</param>
    public void Add(PlanPart part, ImmutableArray<SitePorts> ports, ImmutableDictionary<string, NumericArray> gradients)
    {
        foreach (var (index, site) in part.Indices.Zip(ports))
        {
            var planned = plan.Planned[index];
            if (planned.HasSourceRun && site.Source is { } source && gradients.TryGetValue(source, out var rows))
                _byRead[index] = planned.ArrangedAsRead(rows);
        }
    }

    /// <summary>The gradient by each that a run reads; null where no later run writes it.</summary>
    public ImmutableArray<NumericArray>? Of(SourceRun run) =>
        run.Reads.All(_byRead.ContainsKey) ? [.. run.Reads.Select(index => _byRead[index])] : null;
}
