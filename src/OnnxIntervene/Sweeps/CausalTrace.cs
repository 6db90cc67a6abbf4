using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps;

/// <summary>
/// Runs causal tracing; the samples of several cells are the rows of one batch, in one spliced session.
/// </summary>
public static class CausalTrace
{
    /// <summary>Restores every cell of every target and measures the answer's probability.</summary>
    /// <exception cref="InterventionException">
    /// The noise does not fit the model, or a component does not exist.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The sweep was cancelled.</exception>
    public static CausalTraceResult Run(
        LoadedModel model,
        CausalTraceRequest request,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        var layerCount = model.Components.LayerCount;
        Check(request, model.Components.Get(0, ComponentNames.BlockInput));
        InputChecks.Check(request.Inputs, model.Components);
        InputChecks.CheckToken(request.Answer, model.Components, "answer");
        SpliceSite[] sites =
        [
            new(new ComponentAddress(0, ComponentNames.BlockInput), InterventionType.Addition),
            .. request.Targets.SelectMany(target =>
                Enumerable
                    .Range(0, layerCount)
                    .Select(layer => new SpliceSite(
                        new ComponentAddress(layer, target.Component),
                        InterventionType.Vanilla
                    ))
            ),
        ];
        using var lease = model.Lease(sites);
        return new Cells(lease.Session, request, layerCount).Run(progress, cancellation);
    }

    private static void Check(CausalTraceRequest request, Component input)
    {
        var (positions, noise) = (request.SubjectPositions, request.Noise);
        if (positions.Length == 0 || positions.Any(position => position < 0 || position >= request.Inputs.Length))
            throw new InterventionException(
                $"The subject's positions [{string.Join(", ", positions)}] are not all in a prompt of "
                    + $"{request.Inputs.Length} tokens."
            );
        if (noise.Shape is not [> 0, var count, var width] || count != positions.Length || width != input.Width)
            throw new InterventionException(
                $"The noise is {noise}; [samples, {positions.Length}, {input.Width}] is needed."
            );
    }

    private sealed class Cells(InterventionSession session, CausalTraceRequest request, int layerCount)
    {
        private readonly int _samples = request.Noise.Shape[0];
        private readonly int _length = request.Inputs.Length;
        private readonly AnswerLogits _logits = new(request.Inputs);
        private readonly UnitGrid[] _grids =
        [
            .. session.Spliced.Sites.Select(site => new UnitGrid(site.Component, request.Inputs.Length)),
        ];

        public CausalTraceResult Run(IProgress<SweepProgress>? progress, CancellationToken cancellation)
        {
            string[] outputs = [session.FirstOutput, .. session.Spliced.Sites.Select(site => site.Read!)];
            var clean = session.Run(request.Inputs, [.. _grids.Select(grid => grid.ReadAll())], outputs, cancellation);
            AnswerLogits.Require(clean[0], session.FirstOutput, request.Answer);
            var noisy = RunRows([(Target: 0, Layer: -1, Position: 0)], clean, cancellation);
            var cells = layerCount * _length;
            var heatmaps = request.Targets.Select(_ => new float[cells * _samples]).ToArray();
            var perBatch = Math.Max(1, BatchSize.For(_length, clean[0].Shape[^1]) / _samples);
            var total = cells * request.Targets.Length;
            for (var start = 0; start < total; start += perBatch)
            {
                var batch = Enumerable
                    .Range(start, Math.Min(perBatch, total - start))
                    .Select(cell => Cell(cell, cells))
                    .ToList();
                var probabilities = Probabilities(RunRows(batch, clean, cancellation), batch.Count * _samples);
                for (var index = 0; index < batch.Count; index++)
                {
                    var offset = ((batch[index].Layer * _length) + batch[index].Position) * _samples;
                    probabilities
                        .AsSpan(index * _samples, _samples)
                        .CopyTo(heatmaps[batch[index].Target].AsSpan(offset));
                }

                progress?.Report(new SweepProgress(Math.Min(start + perBatch, total), total));
            }

            var restored = request.Targets.Select(
                (target, index) =>
                    new TraceHeatmap(target, NumericArray.Of(heatmaps[index], layerCount, _length, _samples))
            );
            return new CausalTraceResult(Probability(clean[0], 0), [.. Probabilities(noisy, _samples)], [.. restored])
            {
                CleanTop = _logits.Top(clean[0], 1),
                CorruptedTop = _logits.Top(noisy, _samples),
            };
        }

        private (int Target, int Layer, int Position) Cell(int cell, int cells) =>
            (cell / cells, cell % cells / _length, cell % _length);

        // Every cell takes as many rows as there are samples; a layer of -1 restores nothing.
        private NumericArray RunRows(
            List<(int Target, int Layer, int Position)> batch,
            ImmutableArray<NumericArray> clean,
            CancellationToken cancellation
        )
        {
            var restorations = _grids.Select((grid, site) => new Restoration(grid, clean[site + 1])).ToArray();
            for (var index = 0; index < batch.Count; index++)
            {
                var (target, layer, position) = batch[index];
                var layers = layer < 0 ? [] : request.Targets[target].LayersAround(layer, layerCount);
                foreach (var site in layers.Select(restored => 1 + (target * layerCount) + restored))
                {
                    for (var sample = 0; sample < _samples; sample++)
                        restorations[site].Add((index * _samples) + sample, position);
                }
            }

            var rows = batch.Count * _samples;
            SiteFeed[] feeds =
            [
                Noise(batch.Count),
                .. restorations.Skip(1).Select(restoration => restoration.ToFeed()),
            ];
            return session.Run(request.Inputs.Repeat(rows), feeds, [session.FirstOutput], cancellation)[0];
        }

        private SiteFeed Noise(int cells)
        {
            var positions = request.SubjectPositions;
            var locations = Enumerable
                .Range(0, cells * _samples)
                .SelectMany(row => positions.SelectMany(position => new long[] { row, position }));
            var source = Enumerable.Range(0, cells).SelectMany(_ => request.Noise.FloatMemory.ToArray());
            var units = cells * _samples * positions.Length;
            return new SiteFeed
            {
                WriteLocations = locations.ToArray(),
                Source = source.ToArray(),
                SourceShape = new long[] { units, request.Noise.Shape[2] },
                Coefficients = Enumerable.Repeat(1f, units).ToArray(),
            };
        }

        private float[] Probabilities(NumericArray logits, int rows) =>
            [.. Enumerable.Range(0, rows).Select(row => Probability(logits, row))];

        private float Probability(NumericArray logits, int row) => Softmax.Of(_logits.Of(logits, row))[request.Answer];
    }
}
