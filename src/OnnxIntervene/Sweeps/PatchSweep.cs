using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps;

/// <summary>
/// Runs activation patching over layers and positions, or layers and heads; cells are rows of a batch, in one spliced
/// session.
/// </summary>
public static class PatchSweep
{
    /// <summary>Patches every cell and reads the two answers' logits at the last position.</summary>
    /// <exception cref="InterventionException">
    /// The runs differ in length, or the component, a layer or a position does not exist.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The sweep was cancelled.</exception>
    public static PatchSweepResult Run(
        LoadedModel model,
        PatchSweepRequest request,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        var length = request.Clean.Length;
        if (request.Corrupt.Length != length)
            throw new InterventionException(
                $"The clean run has {length} tokens, the corrupt run {request.Corrupt.Length}; they must be equally "
                    + $"many."
            );
        request = Named(request, model.Components);
        Check(request, model.Components);
        var layers = Layers(request, model.Components);
        using var lease = model.Lease([
            .. layers.Select(layer => new SpliceSite(
                new ComponentAddress(layer, request.Component),
                InterventionType.Vanilla
            )),
        ]);
        var session = lease.Session;
        var grids = session.Spliced.Sites.Select(site => new UnitGrid(site.Component, length)).ToImmutableArray();
        var positions = Positions(request, length);
        var columns =
            grids[0].Component.Layout == ComponentLayout.Positions
                ? positions
                : [.. Enumerable.Range(0, grids[0].Columns)];
        return new Cells(session, request, layers, columns, positions, grids).Run(progress, cancellation);
    }

    private static void Check(PatchSweepRequest request, ComponentMap components)
    {
        InputChecks.Check(request.Clean, components);
        InputChecks.Check(request.Corrupt, components);
        InputChecks.CheckToken(request.Answer, components, "answer");
        InputChecks.CheckToken(request.Wrong, components, "wrong answer");
        if (request.Answer == request.Wrong)
            throw new InterventionException("The two answers are one token, so their logits cannot differ.");
        if (AreEqual(request.Clean, request.Corrupt))
            throw new InterventionException(
                "The clean and the corrupt prompt are the same tokens, so there is nothing to patch. Change one of "
                    + "them."
            );
    }

    // A name of TransformerLens may hold its layer.
    private static PatchSweepRequest Named(PatchSweepRequest request, ComponentMap components)
    {
        var first = request.Layers.Length == 1 ? request.Layers[0] : 0;
        var address = components.AddressOf(first, request.Component);
        return address.Name == request.Component ? request
            : components.AddressesOf(request.Component, []) is [var only]
                ? request with
                {
                    Component = only.Name,
                    Layers = [only.Layer],
                }
            : request with { Component = address.Name };
    }

    // A decoder may get the same tokens and another encoder's states.
    private static bool AreEqual(ModelInputs clean, ModelInputs corrupt) =>
        clean.Arrays.Count == corrupt.Arrays.Count
        && clean.Arrays.All(entry =>
            corrupt.Arrays.TryGetValue(entry.Key, out var other) && AreEqual(entry.Value, other)
        );

    private static bool AreEqual(NumericArray first, NumericArray second) =>
        first.IsInteger == second.IsInteger
        && first.Shape.SequenceEqual(second.Shape)
        && (
            first.IsInteger ? first.Integers.SequenceEqual(second.Integers) : first.Floats.SequenceEqual(second.Floats)
        );

    private static ImmutableArray<int> Layers(PatchSweepRequest request, ComponentMap components)
    {
        var layers = request.Layers.Length > 0 ? request.Layers : components.LayersOf(request.Component);
        if (layers.Length == 0)
            layers = [0];
        foreach (var layer in layers)
            components.Get(layer, request.Component);
        return layers;
    }

    private static ImmutableArray<int> Positions(PatchSweepRequest request, int length)
    {
        foreach (var position in request.Positions)
        {
            if (position < 0 || position >= length)
                throw new InterventionException(
                    $"There is no position {position}: the prompts have the positions 0 to {length - 1}."
                );
        }

        return request.Positions.Length > 0 ? request.Positions : [.. Enumerable.Range(0, length)];
    }

    private sealed class Cells(
        InterventionSession session,
        PatchSweepRequest request,
        ImmutableArray<int> layers,
        ImmutableArray<int> columns,
        ImmutableArray<int> positions,
        ImmutableArray<UnitGrid> grids
    )
    {
        private readonly AnswerLogits _cleanLogits = new(request.Clean);
        private readonly AnswerLogits _corruptLogits = new(request.Corrupt);
        private readonly float[] _answers = new float[layers.Length * columns.Length];
        private readonly float[] _wrongs = new float[layers.Length * columns.Length];

        public PatchSweepResult Run(IProgress<SweepProgress>? progress, CancellationToken cancellation)
        {
            string[] outputs = [session.FirstOutput, .. session.Spliced.Sites.Select(site => site.Read!)];
            var clean = session.Run(request.Clean, [.. grids.Select(grid => grid.ReadAll())], outputs, cancellation);
            var corrupt = session.Run(
                request.Corrupt,
                [.. grids.Select(_ => SiteFeed.Neutral)],
                [session.FirstOutput],
                cancellation
            );
            AnswerLogits.Require(clean[0], session.FirstOutput, request.Answer, request.Wrong);
            var cleanDifference = Difference(_cleanLogits, clean[0]);
            var corruptDifference = Difference(_corruptLogits, corrupt[0]);
            RequireDifference(cleanDifference, corruptDifference);
            var rows = BatchSize.For(request.Clean.Length, clean[0].Shape[^1]);
            for (var start = 0; start < _answers.Length; start += rows)
            {
                RunBatch(start, Math.Min(rows, _answers.Length - start), clean, cancellation);
                progress?.Report(new SweepProgress(Math.Min(start + rows, _answers.Length), _answers.Length));
            }

            return new PatchSweepResult
            {
                Component = request.Component,
                ColumnsAreHeads = grids[0].Component.Layout != ComponentLayout.Positions,
                Layers = layers,
                Columns = columns,
                AnswerLogits = new SweepGrid(layers.Length, columns.Length, _answers),
                WrongLogits = new SweepGrid(layers.Length, columns.Length, _wrongs),
                CleanDifference = cleanDifference,
                CorruptDifference = corruptDifference,
                CleanTop = _cleanLogits.Top(clean[0], 1),
                CorruptTop = _corruptLogits.Top(corrupt[0], 1),
            };
        }

        private void RunBatch(int start, int count, ImmutableArray<NumericArray> clean, CancellationToken cancellation)
        {
            var restorations = grids.Select((grid, index) => new Restoration(grid, clean[index + 1])).ToArray();
            for (var row = 0; row < count; row++)
            {
                var (layer, column) = Math.DivRem(start + row, columns.Length);
                foreach (var unit in grids[layer].UnitsOf(columns[column], positions))
                    restorations[layer].Add(row, unit);
            }

            var result = session.Run(
                request.Corrupt.Repeat(count),
                [.. restorations.Select(restoration => restoration.ToFeed())],
                [session.FirstOutput],
                cancellation
            );
            var output = result[0];
            for (var row = 0; row < count; row++)
            {
                var logits = _corruptLogits.Of(output, row);
                (_answers[start + row], _wrongs[start + row]) = (logits[request.Answer], logits[request.Wrong]);
            }
        }

        // What a patch restores is measured in shares of this.
        private static void RequireDifference(float clean, float corrupt)
        {
            if (!float.IsFinite(clean) || !float.IsFinite(corrupt))
                throw new ExecutionException(
                    $"The logit difference is {clean} in the clean run and {corrupt} in the corrupt one; the model's "
                        + "output is not finite."
                );
            if (clean == corrupt)
                throw new InterventionException(
                    $"The logit difference is {clean} in both runs, so nothing can be restored. Choose other prompts "
                        + "or answers."
                );
        }

        private float Difference(AnswerLogits reader, NumericArray logits)
        {
            var last = reader.Of(logits, 0);
            return last[request.Answer] - last[request.Wrong];
        }
    }
}
