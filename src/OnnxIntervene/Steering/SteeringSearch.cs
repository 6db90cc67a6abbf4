using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Steering;

/// <summary>
/// Tries a steering vector layer by layer and coefficient by coefficient, and measures effect against cost. All cells
/// are rows of batches of one session.
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
        var sums = new SteeringSums(request);
        ImmutableArray<StudyPrompt> texts = [.. request.Prompts, .. request.Neutral];
        using var cells = new SteeringCells(model, request);
        using var kept = PartJournal.Open(journal, sums.PartsIn(model), sums.Add);
        var total = texts.Length * sums.CellCount;
        for (var text = 0; text < texts.Length; text++)
        {
            int[] missing =
            [
                .. Enumerable.Range(0, sums.CellCount).Where(cell => !kept.Has(text, sums.PartOf(text, cell))),
            ];
            var done = ((text + 1) * sums.CellCount) - missing.Length;
            progress?.Report(new SweepProgress(done, total));
            foreach (var rows in missing.Chunk(cells.RowsAtOnce(texts[text])))
            {
                cancellation.ThrowIfCancellationRequested();
                var numbers = sums.IsPrompt(text)
                    ? cells.Effects(texts[text], rows, cancellation)
                    : cells.Costs(texts[text], rows, cancellation);
                for (var row = 0; row < rows.Length; row++)
                    kept.Keep(text, sums.PartOf(text, rows[row]), numbers[row]);
                done += rows.Length;
                progress?.Report(new SweepProgress(done, total));
            }
        }

        return sums.ToResult();
    }
}
