using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Numerics;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Sweeps.Engine;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies;

/// <summary>The cells of causal tracing: each sample's corrupted run with units of the clean one.</summary>
internal sealed class TraceCells : IDisposable
{
    // The clean run; the samples' bases come after it.
    private const int Clean = 0;

    private readonly CausalTraceRequest _request;
    private readonly SweepEngine _engine;
    private readonly int _layerCount;
    private readonly int _samples;
    private readonly int _length;
    private readonly ImmutableArray<SweepCell> _cells;

    public TraceCells(
        LoadedModel model,
        CausalTraceRequest request,
        SweepOptions options,
        CancellationToken cancellation
    )
    {
        _request = request;
        _layerCount = model.Components.LayerCount;
        (_samples, _length) = (request.Noise.Shape[0], request.Inputs.Length);
        var setting = new SweepSetting(model, Bases(request), Sites(request, _layerCount));
        _engine = SweepEngine.Open(setting, options, [request.Answer], cancellation);
        _cells = [.. Enumerable.Range(0, request.Targets.Length * _layerCount * _length * _samples).Select(Cell)];
    }

    /// <summary>What the cells take.</summary>
    public SweepPlan Plan => _engine.Plan(_cells);

    /// <summary>Runs the cells.</summary>
    public CausalTraceResult Run(IProgress<SweepProgress>? progress, CancellationToken cancellation)
    {
        var probabilities = new float[_cells.Length];
        var plan = _engine.Run(
            _cells,
            (cell, logits) => probabilities[cell] = Probability(logits),
            progress,
            cancellation
        );
        var perTarget = _layerCount * _length * _samples;
        return new CausalTraceResult(
            Probability(_engine.Bases.LogitsOf(Clean)),
            [.. Samples().Select(sample => Probability(_engine.Bases.LogitsOf(sample)))],
            [
                .. _request.Targets.Select(
                    (target, index) =>
                        new TraceHeatmap(
                            target,
                            NumericArray.Of(
                                probabilities.AsMemory(index * perTarget, perTarget),
                                _layerCount,
                                _length,
                                _samples
                            )
                        )
                ),
            ]
        )
        {
            CleanTop = TopAnswer.Of(_engine.Bases.LogitsOf(Clean)),
            CorruptedTop = CorruptedTop(),
            Plan = plan,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    private IEnumerable<int> Samples() => Enumerable.Range(1, _samples);

    // By the mean over samples.
    private TopAnswer CorruptedTop()
    {
        var mean = new float[_engine.Bases.Logits.Shape[1]];
        foreach (var sample in Samples())
        {
            var probabilities = Softmax.Of(_engine.Bases.LogitsOf(sample));
            for (var token = 0; token < mean.Length; token++)
                mean[token] += probabilities[token] / _samples;
        }

        return TopAnswer.OfProbabilities(mean);
    }

    private float Probability(ReadOnlySpan<float> logits) => Softmax.Of(logits)[_request.Answer];

    private static ImmutableArray<SweepBase> Bases(CausalTraceRequest request)
    {
        var size = request.Noise.Length / request.Noise.Shape[0];
        return
        [
            new SweepBase(request.Inputs),
            .. Enumerable
                .Range(0, request.Noise.Shape[0])
                .Select(sample => new SweepBase(
                    request.Inputs,
                    new EmbeddingAddition(
                        request.SubjectPositions,
                        request.Noise.FloatMemory.Slice(sample * size, size)
                    )
                )),
        ];
    }

    // Targets may restore one component in windows of several sizes.
    private static ImmutableArray<string> Components(CausalTraceRequest request) =>
        [.. request.Targets.Select(target => target.Component).Distinct()];

    private static ImmutableArray<ComponentAddress> Sites(CausalTraceRequest request, int layerCount) =>
        [
            .. Components(request)
                .SelectMany(name => Enumerable.Range(0, layerCount).Select(layer => new ComponentAddress(layer, name))),
        ];

    // By target, layer, position and sample.
    private SweepCell Cell(int number)
    {
        var (rest, sample) = Math.DivRem(number, _samples);
        (rest, var position) = Math.DivRem(rest, _length);
        var (target, layer) = Math.DivRem(rest, _layerCount);
        var first = Components(_request).IndexOf(_request.Targets[target].Component) * _layerCount;
        return new SweepCell(
            sample + 1,
            [
                .. _request
                    .Targets[target]
                    .LayersAround(layer, _layerCount)
                    .Select(restored => first + restored)
                    .Select(site => new CellWrite(site, position, _engine.Bases.UnitOf(site, Clean, position))),
            ]
        );
    }
}
