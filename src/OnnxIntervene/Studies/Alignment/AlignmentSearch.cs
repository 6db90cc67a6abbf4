using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Planning;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Distributed alignment search over layers and positions (DAS, Geiger et al. 2023): in each cell a rotation is trained
/// so that interchanging its first dimensions has the effect that a causal model says, and is then measured on other
/// examples, beside doing nothing and a random rotation.
/// </summary>
public static class AlignmentSearch
{
    /// <summary>Trains and measures every cell of a search, or of a shard of it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What is searched.</param>
    /// <param name="progress">Told how many steps are done, of all that are to be made.</param>
    /// <param name="options">The journal, the shard, and where the best intervention is written.</param>
    /// <param name="cancellation">Ends the search early; cells that are in the journal stay there.</param>
    /// <exception cref="InterventionException">
    /// The request does not fit the model, or an operator has no gradient rule.
    /// </exception>
    /// <exception cref="ModelFormatException">The journal is not one.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="OnnxIntervene.Runtime.ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The search was cancelled.</exception>
    public static AlignmentResult Run(
        LoadedModel model,
        AlignmentRequest request,
        IProgress<SweepProgress>? progress = null,
        AlignmentOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        options ??= new AlignmentOptions();
        var study = new AlignmentStudy(model, request);
        if (options.Sweep.Journal is not { } path)
            return Run(study, [], (_, _) => { }, progress, options, cancellation);
        using var journal = AlignmentJournal.Open(path, study, options.Sweep);
        return Run(study, journal.Cells, journal.Keep, progress, options, cancellation);
    }

    /// <summary>How the cells of each layer would be trained. Runs the frozen part of one example for each.</summary>
    /// <exception cref="InterventionException">
    /// The request does not fit the model, or an operator has no gradient rule.
    /// </exception>
    /// <exception cref="OperationCanceledException">The runs were cancelled.</exception>
    public static IReadOnlyList<LayerExplanation> Explain(
        LoadedModel model,
        AlignmentRequest request,
        CancellationToken cancellation = default
    )
    {
        var study = new AlignmentStudy(model, request);
        var training = new AlignmentTraining(study);
        return
        [
            .. Enumerable
                .Range(0, study.Count)
                .Where(cell => study.ColumnOf(cell) == 0)
                .Select(cell => new LayerExplanation(study.LayerOf(cell), training.Explain(cell, cancellation))),
        ];
    }

    /// <summary>How many cells of a search journals hold.</summary>
    /// <exception cref="InterventionException">
    /// The request does not fit the model, or a file holds another search.
    /// </exception>
    /// <exception cref="ModelFormatException">A file is not a journal.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static SweepProgress Progress(LoadedModel model, AlignmentRequest request, IReadOnlyList<string> journals)
    {
        var study = new AlignmentStudy(model, request);
        return new SweepProgress(AlignmentJournal.Read(journals, study).Count, study.Count);
    }

    /// <summary>The result of shards that were run apart.</summary>
    /// <inheritdoc cref="Progress"/>
    public static AlignmentResult Merge(LoadedModel model, AlignmentRequest request, IReadOnlyList<string> journals)
    {
        ArgumentNullException.ThrowIfNull(journals);
        var study = new AlignmentStudy(model, request);
        var cells = AlignmentJournal.Read(journals, study);
        return cells.Count == study.Count
            ? study.ResultOf(cells)
            : throw new InterventionException(
                $"{study.Count - cells.Count} of {study.Count} cells are in none of "
                    + $"{string.Join(", ", journals.Select(path => $"'{path}'"))}. Run the shards that are missing or "
                    + "were "
                    + "ended; each goes on where it was."
            );
    }

    /// <summary>Copies the best cell's intervention from the folder of the shard that found it.</summary>
    /// <param name="result">The result of all shards.</param>
    /// <param name="shards">Each shard's journal and folder.</param>
    /// <param name="folder">Where it is copied.</param>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static void CopyBest(
        AlignmentResult result,
        IEnumerable<(SweepShard Shard, string Folder)> shards,
        string folder
    )
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(shards);
        if (result.Best is not { } best)
            return;
        var number = (best.Row * result.Positions.Length) + best.Column;
        var from = shards.First(shard => shard.Shard.Has(1, 0, number)).Folder;
        using var pending = new PendingFolder(folder);
        foreach (var path in Directory.EnumerateFiles(from))
        {
            using var file = RegularFile.Open(path, message => new ModelFormatException(message));
            pending.Write(Path.GetFileName(path), file.CopyTo);
        }

        pending.Commit();
    }

    private static AlignmentResult Run(
        AlignmentStudy study,
        Dictionary<int, AlignmentCell> known,
        Action<int, AlignmentCell> journal,
        IProgress<SweepProgress>? progress,
        AlignmentOptions options,
        CancellationToken cancellation
    )
    {
        var cells = new Dictionary<int, AlignmentCell>(known);
        var mine = Enumerable.Range(0, study.Count).Where(cell => options.Sweep.Shard.Has(1, 0, cell)).ToList();
        var steps = study.Request.Steps;
        var (done, total) = (steps * mine.Count(cells.ContainsKey), steps * mine.Count);
        var training = new AlignmentTraining(study);
        foreach (var cell in mine.Where(cell => !known.ContainsKey(cell)).ToList())
        {
            cancellation.ThrowIfCancellationRequested();
            var found = training.Run(
                cell,
                () => progress?.Report(new SweepProgress(++done, total)),
                (measured, trained) => SaveBest(study, cell, measured, trained, cells, options.Folder),
                cancellation
            );
            cells[cell] = found;
            // A training that ended early leaves steps out.
            done = steps * mine.Count(cells.ContainsKey);
            journal(cell, found);
        }

        return study.ResultOf(cells);
    }

    // Written before the journal names the cell: a search that ends between the two makes both again.
    private static void SaveBest(
        AlignmentStudy study,
        int cell,
        AlignmentCell measured,
        IntervenableModel trained,
        Dictionary<int, AlignmentCell> cells,
        string? folder
    )
    {
        if (folder is null || cells.Values.Any(other => !IsBetter(cell, measured, other, study)))
            return;
        var place = study.PlaceOf(cell);
        trained.Save(folder, CommonLocations(study, place), new RunSettings { Subspaces = place.Subspaces });
    }

    // A folder has one location for every input: none where examples have the position at different places.
    private static UnitLocations? CommonLocations(AlignmentStudy study, InterchangePlace place)
    {
        var located = study.Request.Test.Examples.Select(example => place.LocationsOf([example], study.Variables)!);
        var first = located.First();
        return located.All(other => UnitsOf(other).SequenceEqual(UnitsOf(first))) ? first : null;
    }

    private static IEnumerable<int> UnitsOf(UnitLocations locations) =>
        locations.Sources.Concat(locations.Base).SelectMany(location => location!.Units).SelectMany(row => row);

    // Of cells that are as good the first is the best, in whatever order they were run.
    private static bool IsBetter(int cell, AlignmentCell measured, AlignmentCell other, AlignmentStudy study)
    {
        var (own, others) = (measured.All.Interchange.Value, other.All.Interchange.Value);
        return own > others || (own == others && cell < study.NumberOf(other));
    }
}
