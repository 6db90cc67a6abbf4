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

    /// <summary>Goes back from the base's run through those runs of sources that led to it.</summary>
    /// <param name="run">The sites of the base's run.</param>
    /// <param name="ports">Their ports.</param>
    /// <param name="gradients">The gradients of the base's run, by input.</param>
    /// <param name="ways">The runs of sources, the last first.</param>
    /// <param name="add">Takes the gradients of each run, the base's among them.</param>
    /// <param name="cancellation">Ends a run early.</param>
    public void Back(
        PlanPart run,
        ImmutableArray<SitePorts> ports,
        ImmutableDictionary<string, NumericArray> gradients,
        IEnumerable<SourceWay> ways,
        Action<PlanPart, ImmutableArray<SitePorts>, ImmutableDictionary<string, NumericArray>> add,
        CancellationToken cancellation
    )
    {
        Add(run, ports, gradients);
        add(run, ports, gradients);
        foreach (var way in ways)
        {
            if (Of(way.Run) is not { } given)
                continue;
            var found = way.Session.Back(way.Feeds, given, cancellation);
            Add(way.Part, way.Session.Sites, found);
            add(way.Part, way.Session.Sites, found);
        }
    }

    // Takes those that a run has.
    private void Add(
        PlanPart part,
        ImmutableArray<SitePorts> ports,
        ImmutableDictionary<string, NumericArray> gradients
    )
    {
        foreach (var (index, site) in part.Indices.Zip(ports))
        {
            var planned = plan.Planned[index];
            if (planned.HasSourceRun && site.Source is { } source && gradients.TryGetValue(source, out var rows))
                _byRead[index] = planned.ArrangedAsRead(rows);
        }
    }

    // The gradient by each that a run reads; null where no later run writes it.
    private ImmutableArray<NumericArray>? Of(SourceRun run) =>
        run.Reads.All(_byRead.ContainsKey) ? [.. run.Reads.Select(index => _byRead[index])] : null;
}
