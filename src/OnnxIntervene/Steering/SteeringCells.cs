using System.Numerics.Tensors;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Steering;

/// <summary>
/// Runs a text under some cells of a search at once: a row for each cell, which has a coefficient at its own layer and
/// 0 at the others. Owns the intervened model.
/// </summary>
internal sealed class SteeringCells : IDisposable
{
    private const int UsualVocabulary = 1 << 17;

    private readonly SteeringSearchRequest _request;
    private readonly SteeringGrid _grid;
    private readonly IntervenableModel _model;
    private readonly int _mostRows;
    private readonly int _readLayer;

    public SteeringCells(LoadedModel model, SteeringSearchRequest request, SteeringGrid grid)
    {
        var acting = request.Vector.Acting(request.Manner);
        (_request, _grid, _readLayer) = (request, grid, grid.Layers[^1]);
        _mostRows = RowMixing.FindNode(model.Model) is null ? int.MaxValue : 1;
        _model = model.With(
            new IntervenableConfig
            {
                Representations =
                [
                    .. acting,
                    new()
                    {
                        Layer = _readLayer,
                        Component = request.Vector.Component,
                        Intervention = new CollectIntervention(),
                    },
                ],
            }
        );
    }

    /// <summary>How many cells a text is run under at once.</summary>
    public int RowsAtOnce(StudyPrompt text) => Math.Min(_mostRows, BatchSize.For(text.Length, Vocabulary));

    /// <summary>The projection and the words' probability after a prompt, under each cell.</summary>
    public float[][] Effects(StudyPrompt prompt, int[] cells, CancellationToken cancellation)
    {
        using var result = Run(prompt, cells, UnitLocation.At(-1), cancellation);
        var (collected, logits) = (result.Collected[0], result.Intervened.Logits);
        var direction = UnitDirection.Of(_request.Vector.Directions[_readLayer]);
        return
        [
            .. cells.Select(
                (_, row) =>
                    new[]
                    {
                        TensorPrimitives.Dot(collected.Row(row).Floats, direction.Floats),
                        WordProbability(logits.Row(row).Floats),
                    }
            ),
        ];
    }

    /// <summary>The loss of a text's tokens, added up, and how many there are, under each cell.</summary>
    public float[][] Costs(StudyPrompt text, int[] cells, CancellationToken cancellation)
    {
        using var result = Run(text, cells, null, cancellation);
        var logits = result.Intervened.Logits;
        var tokens = text.Inputs.Tokens.Integers.ToArray();
        return [.. cells.Select((_, row) => new[] { (float)Loss(logits.Row(row), tokens), tokens.Length - 1 })];
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    // Only the size of batches hangs on it.
    private int Vocabulary =>
        _model.Model.Graph.Outputs[0].Type?.Shape is { Rank: > 0 } shape && shape[shape.Rank - 1].Size is { } size
            ? (int)size
            : UsualVocabulary;

    private RunResult Run(StudyPrompt text, int[] cells, UnitLocation? positions, CancellationToken cancellation) =>
        _model.Run(
            text.Inputs.Repeat(cells.Length),
            unitLocations: new UnitLocations(
                [null],
                [.. _grid.Layers.Select(_ => (UnitLocation?)null), UnitLocation.At(-1)]
            ),
            settings: new RunSettings
            {
                Coefficients = [.. _grid.CoefficientsOf(cells), Coefficient.One],
                LogitPositions = positions,
                Outputs = [_model.Model.Graph.Outputs[0].Name],
            },
            cancellation: cancellation
        );

    private float WordProbability(ReadOnlySpan<float> logits)
    {
        var probabilities = Softmax.Of(logits);
        var sum = 0f;
        foreach (var word in _request.Words)
            sum +=
                word < probabilities.Length
                    ? probabilities[word]
                    : throw new InterventionException(
                        $"{word} is no token: the model has {probabilities.Length} of them."
                    );
        return sum;
    }

    // The loss of each token after the first, given those before it.
    private static double Loss(NumericArray logits, long[] tokens)
    {
        var sum = 0.0;
        for (var position = 0; position + 1 < tokens.Length; position++)
            sum -= LogSoftmax.At(logits.Row(position).Floats, (int)tokens[position + 1]);
        return sum;
    }
}
