using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Planning;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Runs one batch with interventions, and reads answers off. Sources are run once, for whatever follows.
/// </summary>
internal sealed class InterchangeRun(
    InterchangeBatch batch,
    ImmutableArray<int> answers,
    InterchangePlace place,
    CancellationToken cancellation
)
{
    private ImmutableArray<NumericArray?> _sources;

    /// <summary>The answers with a model's interventions, and without where these are wanted.</summary>
    public (ImmutableArray<int> Changed, ImmutableArray<int> Plain) Of(IntervenableModel model, bool wantsPlain)
    {
        var locations = place.LocationsOf(batch.Examples, model.Config.Representations.Length);
        if (_sources.IsDefault)
            _sources =
                model.Config.Mode == InterventionMode.Serial
                    ? []
                    : model.ReadSources(batch.Sources, locations, cancellation);
        var output = model.Model.Graph.Outputs[0];
        var settings = new RunSettings
        {
            Subspaces = place.Subspaces,
            SourceRepresentations = _sources,
            OutputOriginalOutput = wantsPlain,
            Outputs = [output.Name],
            LogitPositions = output.Type?.Shape?.Rank == 3 ? AnswerRows() : null,
        };
        using var result = model.Run(batch.Bases, batch.Sources, locations, settings, cancellation);
        return (Chosen(result.Intervened), result.Original is { } plain ? Chosen(plain) : []);
    }

    private UnitLocation AnswerRows() =>
        place.AnswerPosition is { } position
            ? new UnitLocation([.. batch.Examples.Select(example => ImmutableArray.Create(position.In(example.Base)))])
            : UnitLocation.At(-1);

    private ImmutableArray<int> Chosen(ModelOutput output)
    {
        var logits = output.Logits;
        return [.. batch.Examples.Select((example, row) => BestAnswer.Of(RowOf(example, row), answers))];

        ReadOnlySpan<float> RowOf(InterchangeExample example, int row) =>
            logits.Shape switch
            {
                [_, var width] => logits.Floats.Slice(row * width, width),
                [_, 1, _] => logits.RowAt(row, 0).Span,
                _ => logits.RowAt(row, place.AnswerPosition?.In(example.Base) ?? output.LastPosition(row)).Span,
            };
    }
}
