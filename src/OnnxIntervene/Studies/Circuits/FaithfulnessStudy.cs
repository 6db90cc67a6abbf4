using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// Measures circuits by runs, one after the other. A prompt's first part is the metric of its two runs; then each
/// circuit is a part. Owns leases of sessions; dispose it before the model.
/// </summary>
internal sealed class FaithfulnessStudy : IDisposable
{
    private const int Runs = 0;
    private const double Tolerance = 1e-3;

    private readonly LoadedModel _model;
    private readonly CircuitRequest _request;
    private readonly CircuitSites _sites;
    private readonly List<CircuitEdge> _edges;
    private readonly int _count;
    private readonly SampleMean _clean = new();
    private readonly SampleMean _corrupt = new();
    private readonly Dictionary<int, SampleMean> _found = [];
    private CircuitReader? _reader;
    private CircuitRuns? _runs;

    /// <param name="model">The model.</param>
    /// <param name="request">The prompts and the metric.</param>
    /// <param name="count">The numbers of circuits are below this.</param>
    public FaithfulnessStudy(LoadedModel model, CircuitRequest request, int count)
    {
        (_model, _request, _count) = (model, request, count);
        _sites = request.Check(model);
        _edges = [.. _sites.Graph.Edges];
    }

    /// <summary>Tells the circuits from others of the same prompts.</summary>
    public required string Description { get; init; }

    /// <summary>Opens the file in which runs are kept.</summary>
    public PartJournal Open(StudyJournal? journal) =>
        PartJournal.Open(
            journal,
            new StudyParts
            {
                Identity = () =>
                    StudyIdentity.Of(
                        nameof(CircuitFaithfulness),
                        _model,
                        [_request.Metric.Name, Description],
                        _request.Prompts
                    ),
                Prompts = _request.Prompts.Length,
                PartsOfPrompt = PartOf(_count),
                Count = _request.Prompts.Length * PartOf(1),
                LengthOf = part => part == Runs ? 2 : 1,
            },
            Add
        );

    /// <summary>Runs the prompts that one of some circuits has not been measured on.</summary>
    public void Run(
        IReadOnlyList<(int Number, Circuit Circuit)> circuits,
        PartJournal kept,
        IProgress<SweepProgress>? progress,
        CancellationToken cancellation
    )
    {
        var marks = circuits.Select(item => (Part: PartOf(item.Number), IsKept: Marks(item.Circuit))).ToList();
        int[] missing = [.. marks.SelectMany(item => kept.Missing(item.Part, 1)).Distinct().Order()];
        if (missing.Length == 0)
            return;
        var done = _request.Prompts.Length - missing.Length;
        var (reader, runs) = Opened(cancellation);
        reader.Read(
            [.. missing.Select(prompt => _request.Prompts[prompt])],
            (index, streams) =>
            {
                kept.Keep(missing[index], Runs, [Measured(streams.Logits[0]), Measured(streams.Logits[1])]);
                foreach (var (part, isKept) in marks.Where(item => !kept.Has(missing[index], item.Part)))
                    kept.Keep(missing[index], part, [Measured(runs.Logits(streams, isKept, cancellation))]);
                progress?.Report(new SweepProgress(++done, _request.Prompts.Length));

                float Measured(ReadOnlySpan<float> logits) =>
                    EdgeAttribution.Measured(_request.Metric, streams, logits);
            },
            cancellation
        );
    }

    /// <summary>What a circuit keeps, after its runs.</summary>
    public CircuitMeasurement ResultOf(int number, Circuit circuit)
    {
        var metric = _found[number];
        return new CircuitMeasurement(
            circuit,
            metric,
            metric.Mean / _clean.Mean,
            (metric.Mean - _corrupt.Mean) / (_clean.Mean - _corrupt.Mean)
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _runs?.Dispose();
        _reader?.Dispose();
    }

    private static int PartOf(int circuit) => circuit + 1;

    private void Add(int prompt, int part, ReadOnlySpan<float> numbers)
    {
        if (part == Runs)
        {
            _clean.Add(numbers[0]);
            _corrupt.Add(numbers[1]);
            return;
        }

        if (!_found.TryGetValue(part - 1, out var found))
            _found.Add(part - 1, found = new SampleMean());
        found.Add(numbers[0]);
    }

    private (CircuitReader Reader, CircuitRuns Runs) Opened(CancellationToken cancellation)
    {
        if (_reader is { } reader && _runs is { } runs)
            return (reader, runs);
        _reader = new CircuitReader(_model, _sites);
        _runs = new CircuitRuns(_model, _sites, _reader);
        _reader.Read([_request.Prompts[0]], (_, streams) => RequireRight(_runs, streams, cancellation), cancellation);
        return (_reader, _runs);
    }

    private bool[] Marks(Circuit circuit)
    {
        var own = circuit.Edges.Select(scored => scored.Edge).ToHashSet();
        bool[] marks = [.. _edges.Select(own.Contains)];
        return marks.Count(mark => mark) == own.Count
            ? marks
            : throw new InterventionException(
                $"The circuit has edges that the model lacks, such as {own.Except(_edges).First()}."
            );
    }

    // With every edge it is the clean run, and with none the corrupt one.
    private void RequireRight(CircuitRuns runs, PromptStreams streams, CancellationToken cancellation)
    {
        foreach (var (run, isKept) in new[] { (0, true), (1, false) })
        {
            var marks = new bool[_edges.Count];
            Array.Fill(marks, isKept);
            var distance = LogitDistance.Of(runs.Logits(streams, marks, cancellation), streams.Logits[run]);
            if (!(distance <= Tolerance))
                throw new InterventionException(
                    $"With {(isKept ? "every edge" : "no edge")} kept, the model's parts give other logits than the "
                        + $"{(isKept ? "clean" : "corrupt")} run (difference {distance:G2}, at most {Tolerance:G1} is "
                        + "allowed): something else than these edges joins them, or they are not linear, as with "
                        + "activations that are quantised."
                );
        }
    }
}
