using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>
/// The runs of one batch: those of its sources and its bases', forward and back, as far as parameters change them.
/// </summary>
internal sealed class BatchRuns : IDisposable
{
    private readonly TrainerSessions _sessions;
    private readonly TrainedInterventions _trained;
    private readonly TrainingBatch _batch;
    private readonly RunPlan _plan;
    private readonly TrainedChain _chain;
    private readonly PlanRunner _runner;
    private readonly CancellationToken _cancellation;
    private readonly Stack<SourceWay> _ways = [];

    /// <summary>Checks the batch.</summary>
    /// <exception cref="InterventionException">It does not fit the model.</exception>
    public BatchRuns(
        IntervenableModel model,
        TrainerSessions sessions,
        TrainedInterventions trained,
        TrainingBatch batch,
        CancellationToken cancellation
    )
    {
        (_sessions, _trained, _batch, _cancellation) = (sessions, trained, batch, cancellation);
        _plan = model.PlanOf(batch.RequestOf(model.Config, trained.Current));
        _chain = new TrainedChain(_plan, trained, model.Components);
        _runner = new PlanRunner(model.Loaded, _plan, cancellation);
        Base = PlanPart.OfBase(_plan, _plan.WrittenInBase, []);
        Session = sessions.OfBase(Base, _chain, batch.Loss);
    }

    /// <summary>The sites of the bases' run.</summary>
    public PlanPart Base { get; }

    /// <summary>The sessions of the bases' run.</summary>
    public TrainingSession Session { get; }

    /// <summary>How many runs of sources there are.</summary>
    public int SourceCount => _chain.Fixed.Length + _chain.Changing.Length;

    /// <summary>The runs of sources that parameters change, in order, with their sessions.</summary>
    public IEnumerable<(ModelInputs Inputs, PartSessions Parts)> Changing =>
        _chain.Changing.Select(run => (run.Inputs, _sessions.OfSource(PlanPart.OfSource(_plan, run), _chain).Parts));

    /// <summary>The interventions whose sources no parameter changes.</summary>
    public IReadOnlyList<int> FixedReads => [.. _chain.Fixed.SelectMany(run => run.Reads)];

    /// <summary>Whether these read as many units of each example.</summary>
    public bool HasEvenReads => FixedReads.All(index => !_plan.Planned[index].HasRaggedSource);

    /// <summary>What these read.</summary>
    public IReadOnlyDictionary<int, NumericArray> ReadFixed() => _runner.ReadSourceRows(_chain.Fixed);

    /// <summary>The loss, and gradients of all that is computed here.</summary>
    public TrainingRun Run()
    {
        _runner.ReadSources(_chain.Fixed);
        foreach (var run in _chain.Changing)
            Read(run, parts => parts.ReadFrozen(run.Inputs, _cancellation));
        return Session.Run(_batch.Bases, _runner.FeedsOf(_batch.Bases, Base), _batch.Loss, _cancellation);
    }

    /// <summary>The same from what was computed once for each example.</summary>
    /// <param name="frozen">
    /// What a run's frozen part gives, by the run's number, 0 for the bases', its sessions and its inputs.
    /// </param>
    /// <param name="sources">What interventions read whose sources no parameter changes.</param>
    /// <param name="withGradients">Whether gradients are wanted.</param>
    public TrainingRun Run(
        Func<int, PartSessions, ModelInputs, IReadOnlyList<NumericArray>> frozen,
        IReadOnlyDictionary<int, NumericArray> sources,
        bool withGradients
    )
    {
        _runner.Give(sources);
        var number = 0;
        foreach (var run in _chain.Changing)
        {
            number++;
            Read(run, parts => frozen(number, parts, run.Inputs));
        }

        return Session.Run(
            _batch.Bases,
            _runner.FeedsOf(_batch.Bases, Base),
            _batch.Loss,
            frozen(0, Session.Parts, _batch.Bases),
            withGradients,
            _cancellation
        );
    }

    /// <summary>Goes back through the runs of sources.</summary>
    /// <param name="run">What the bases' run gave.</param>
    public StepGradients Back(TrainingRun run)
    {
        var sums = new StepGradients(_trained);
        new ReadGradients(_plan).Back(Base, Session.Sites, run.Gradients, _ways, sums.Add, _cancellation);
        return sums;
    }

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();

    private void Read(SourceRun run, Func<PartSessions, IReadOnlyList<NumericArray>> frozen)
    {
        var part = PlanPart.OfSource(_plan, run);
        var session = _sessions.OfSource(part, _chain);
        var feeds = new SourceFeeds(run.Inputs, _runner.FeedsOf(run.Inputs, part), frozen(session.Parts));
        _runner.Give(run.Reads.Zip(session.Read(feeds, _cancellation), KeyValuePair.Create));
        _ways.Push(new SourceWay(run, part, session, feeds));
    }
}
