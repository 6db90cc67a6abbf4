using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Steering;

/// <summary>
/// Tries a steering vector layer by layer and coefficient by coefficient, and measures effect against cost. All cells
/// are rows of batches of one session, and of one more where texts are generated.
/// </summary>
public static class SteeringSearch
{
    /// <summary>Runs the search.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What is tried, and by what it is judged.</param>
    /// <param name="progress">Told how many texts under how many cells are done.</param>
    /// <param name="journal">Where what is done is kept; null to keep nothing.</param>
    /// <param name="cancellation">Ends the search early.</param>
    /// <exception cref="InterventionException">
    /// Something does not fit the model, or the journal is of another search.
    /// </exception>
    /// <exception cref="ModelFormatException">The journal is not one.</exception>
    /// <exception cref="IOException">The journal cannot be written.</exception>
    /// <exception cref="Runtime.ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The search was cancelled.</exception>
    public static SteeringSearchResult Run(
        LoadedModel model,
        SteeringSearchRequest request,
        IProgress<SweepProgress>? progress = null,
        StudyJournal? journal = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        request.Check(model);
        var grid = new SteeringGrid(request);
        var sums = new SteeringSums(request, grid);
        using var cells = new SteeringCells(model, request, grid);
        using var texts = request.Generated is { } score ? new SteeredTexts(model, request, score, grid) : null;
        using var kept = PartJournal.Open(journal, sums.PartsIn(model), sums.Add);
        var parts = new SteeringParts(kept, sums.Count, progress, cancellation);
        for (var index = 0; index < request.Prompts.Length; index++)
        {
            var prompt = index;
            var text = request.Prompts[prompt];
            parts.Measure(
                prompt,
                sums.EffectParts,
                cells.RowsAtOnce(text),
                rows => cells.Effects(text, rows, cancellation)
            );
            if (texts is not null)
                parts.Measure(
                    prompt,
                    sums.GeneratedParts,
                    texts.RowsAtOnce(prompt),
                    rows => texts.Scores(prompt, rows, cancellation)
                );
        }

        for (var index = 0; index < request.Neutral.Length; index++)
        {
            var text = request.Neutral[index];
            parts.Measure(
                request.Prompts.Length + index,
                sums.CostParts,
                cells.RowsAtOnce(text),
                rows => cells.Costs(text, rows, cancellation)
            );
        }

        return sums.ToResult();
    }
}
