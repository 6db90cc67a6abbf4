using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Probing;

/// <summary>
/// Fits a linear probe for each layer and position, on values standardised by those that are fitted, and beside it the
/// same probe on shuffled labels.
/// </summary>
public static class LinearProbe
{
    private const long MostNumbers = 1L << 30;

    /// <summary>Reads a component in every prompt, and fits the probes.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What is probed.</param>
    /// <param name="progress">Told how many prompts are read and probes are fitted.</param>
    /// <param name="journal">
    /// Where values that are read and probes that are fitted are kept; null to keep none. The file is as large as the
    /// values are, four thirds of 4 bytes for each number.
    /// </param>
    /// <param name="cancellation">Ends the study early.</param>
    /// <exception cref="InterventionException">
    /// A prompt lacks its label or the position, there are fewer than two classes, a class has too few examples to hold
    /// some out, the component is not in the model, or the journal is of another study.
    /// </exception>
    /// <exception cref="ModelFormatException">The journal is not one.</exception>
    /// <exception cref="IOException">The journal cannot be written.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The study was cancelled.</exception>
    public static ProbeResult Run(
        LoadedModel model,
        ProbeRequest request,
        IProgress<SweepProgress>? progress = null,
        StudyJournal? journal = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        var labels = ProbeLabels.Of(request);
        var columns = request.Positions.ColumnsOf(request.Prompts);
        var sites = Sites(model, request);
        RequireRoom(model, request, sites, columns.Length);
        var study = new ProbeStudy(model, request, sites, columns);
        using var kept = PartJournal.Open(journal, study.Parts, study.Add);
        var steps = new Steps(request.Prompts.Length, study.Places * request.Splits, progress);
        Read(model, request, study, kept, steps, cancellation);
        Fit(request, labels, study, kept, steps, cancellation);
        return study.ToResult(labels);
    }

    private static ImmutableArray<ComponentAddress> Sites(LoadedModel model, ProbeRequest request)
    {
        var sites = model.Components.AddressesOf(request.Component, request.Layers);
        foreach (var site in sites)
        {
            if (model.Components.Get(site) is { Width: 0 } odd)
                throw new InterventionException(
                    $"{odd} has no width of its own at a position, so that no probe fits it. Take a component such as "
                        + "block_output."
                );
        }

        return sites;
    }

    private static void RequireRoom(
        LoadedModel model,
        ProbeRequest request,
        ImmutableArray<ComponentAddress> sites,
        int columns
    )
    {
        var widths = sites.Select(model.Components.Get).Sum(site => (long)site.Width * Math.Max(1, site.Heads));
        if (widths * columns * request.Prompts.Length is var numbers && numbers > MostNumbers)
            throw new InterventionException(
                $"The probes would need {numbers:N0} numbers at once; {MostNumbers:N0} is the most. Take fewer layers "
                    + "or positions at a time."
            );
    }

    private static void Read(
        LoadedModel model,
        ProbeRequest request,
        ProbeStudy study,
        PartJournal kept,
        Steps steps,
        CancellationToken cancellation
    )
    {
        if (kept.Missing(0, study.Sites.Length) is not { Length: > 0 } missing)
            return;
        using var reader = new ComponentReader(model, study.Sites);
        reader.ReadSome(
            request.Prompts,
            missing,
            reading =>
            {
                for (var site = 0; site < study.Sites.Length; site++)
                    kept.Keep(reading.Prompt, site, study.ValuesOf(reading, site));
            },
            steps,
            cancellation
        );
    }

    private static void Fit(
        ProbeRequest request,
        ProbeLabels labels,
        ProbeStudy study,
        PartJournal kept,
        Steps steps,
        CancellationToken cancellation
    )
    {
        for (var split = 0; split < request.Splits; split++)
        {
            var draw = labels.Draw(request.Seed + split);
            for (var place = 0; place < study.Places; place++)
            {
                cancellation.ThrowIfCancellationRequested();
                var part = study.PartOf(split, place);
                if (!kept.Has(ProbeStudy.OfFits, part))
                {
                    var values = study.Examples[place].Standardised(draw.Split.Trained);
                    kept.Keep(
                        ProbeStudy.OfFits,
                        part,
                        [Accuracy(values, labels.Numbers), Accuracy(values, draw.Shuffled)]
                    );
                }

                steps.Fitted();
            }

            float Accuracy(ProbeExamples values, ImmutableArray<int> numbers) =>
                (float)MaximumEntropyFit.Accuracy(values, numbers, draw.Split, request.Regularization);
        }
    }

    private sealed class Steps(int prompts, int fits, IProgress<SweepProgress>? progress) : IProgress<SweepProgress>
    {
        private int _fitted;

        public void Report(SweepProgress value) => progress?.Report(new SweepProgress(value.Done, prompts + fits));

        public void Fitted() => progress?.Report(new SweepProgress(prompts + ++_fitted, prompts + fits));
    }
}
