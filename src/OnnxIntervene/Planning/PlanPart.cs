using System.Collections.Immutable;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Planning;

/// <summary>The sites that one run of a plan needs: those that it writes, and those that it only reads.</summary>
internal sealed class PlanPart
{
    private readonly RunPlan _plan;
    private readonly ImmutableArray<int> _indices;
    private readonly ImmutableArray<int> _writes;
    private readonly ImmutableArray<int> _reads;

    private PlanPart(RunPlan plan, ImmutableArray<int> writes, ImmutableArray<int> reads)
    {
        (_plan, _writes, _reads) = (plan, writes, reads);
        _indices = [.. writes.Union(reads).Order()];
        Recipe = new SessionRecipe([
            .. _indices.Select(index =>
                writes.Contains(index) ? plan.Planned[index].Site : plan.Planned[index].Site.ToRead()
            ),
        ]);
    }

    /// <summary>The session that the run needs.</summary>
    public SessionRecipe Recipe { get; private set; }

    /// <summary>The interventions of its sites, in their order.</summary>
    public ImmutableArray<int> Indices => _indices;

    /// <summary>Those that are written.</summary>
    public ImmutableArray<int> Writes => _writes;

    /// <summary>Those that are read.</summary>
    public ImmutableArray<int> Reads => _reads;

    /// <summary>The numbers of the sites that are read, in the order of <see cref="Reads"/>.</summary>
    public ImmutableArray<int> ReadSites => [.. _reads.Select(index => _indices.IndexOf(index))];

    /// <summary>Whether a site is written.</summary>
    public bool IsWritten(int site) => _writes.Contains(_indices[site]);

    /// <summary>A run that goes on to the model's outputs.</summary>
    public static PlanPart OfBase(RunPlan plan, ImmutableArray<int> writes, ImmutableArray<int> reads)
    {
        var part = new PlanPart(plan, writes, reads);
        part.Recipe = part.Recipe with { Outputs = plan.Outputs, ChoosesPositions = plan.Positions is not null };
        return part;
    }

    /// <summary>A run that ends where the last of these is read.</summary>
    public static PlanPart OfReads(RunPlan plan, ImmutableArray<int> writes, ImmutableArray<int> reads)
    {
        var part = new PlanPart(plan, writes, reads);
        part.Recipe = part.Recipe with { ReadsOnly = true };
        return part;
    }

    /// <summary>A run of a source.</summary>
    public static PlanPart OfSource(RunPlan plan, SourceRun run) => OfReads(plan, run.Writes, run.Reads);

    /// <summary>The output that holds what an intervention's site reads.</summary>
    public string ReadOutput(InterventionSession session, int index) =>
        session.Spliced.Sites[_indices.IndexOf(index)].Read!;

    /// <summary>What each site is fed.</summary>
    /// <param name="write">What an intervention's site is fed to write.</param>
    /// <param name="read">What it is fed to be read.</param>
    public SiteFeed[] Feeds(Func<int, SiteFeed> write, Func<int, SiteFeed> read) =>
        [
            .. _indices.Select(index =>
            {
                var feed = _writes.Contains(index) ? write(index) : SiteFeed.Neutral;
                return _reads.Contains(index) ? feed with { ReadLocations = read(index).ReadLocations } : feed;
            }),
        ];

    /// <summary>What each site is fed to do nothing.</summary>
    public SiteFeed[] Neutral() =>
        [.. _indices.Select(index => _writes.Contains(index) ? _plan.Planned[index].Neutral : SiteFeed.Neutral)];
}
