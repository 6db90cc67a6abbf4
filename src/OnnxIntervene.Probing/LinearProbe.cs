using System.Collections.Immutable;
using System.Globalization;
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
    /// <param name="cancellation">Ends the study early.</param>
    /// <exception cref="InterventionException">
    /// A prompt lacks its label or the position, there are fewer than two classes, a class has too few examples to hold
    /// some out, or the component is not in the model.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The study was cancelled.</exception>
    public static ProbeResult Run(
        LoadedModel model,
        ProbeRequest request,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        var labels = ProbeLabels.Of(request);
        var columns = request.Positions.ColumnsOf(request.Prompts);
        var sites = Sites(model, request);
        RequireRoom(model, request, sites, columns.Length);
        var steps = new Steps(request.Prompts.Length, sites.Length * columns.Length * request.Splits, progress);
        var examples = Read(model, request, sites, columns, steps, cancellation);
        var layout = new GridLayout(
            request.Component,
            [.. sites.Select(site => site.Layer.ToString(CultureInfo.InvariantCulture))],
            [.. columns.Select(column => column.Label)],
            "position"
        );
        var (accuracy, control) = (new GridMeans(layout), new GridMeans(layout));
        for (var split = 0; split < request.Splits; split++)
        {
            var draw = labels.Draw(request.Seed + split);
            for (var place = 0; place < examples.Length; place++)
            {
                cancellation.ThrowIfCancellationRequested();
                var (row, column) = (place / columns.Length, place % columns.Length);
                var values = examples[place].Standardised(draw.Split.Trained);
                accuracy.Add(row, column, Fit(values, labels.Numbers));
                control.Add(row, column, Fit(values, draw.Shuffled));
                steps.Fitted();
            }

            double Fit(ProbeExamples values, ImmutableArray<int> numbers) =>
                MaximumEntropyFit.Accuracy(values, numbers, draw.Split, request.Regularization);
        }

        return new ProbeResult
        {
            Classes = labels.Classes,
            Trained = labels.Numbers.Length - labels.HeldOut.Sum(),
            HeldOut = labels.HeldOut.Sum(),
            Accuracy = accuracy.ToGrid() with { Layout = layout with { Name = "accuracy" } },
            Control = control.ToGrid() with { Layout = layout with { Name = "control" } },
            Majority = labels.Majority,
        };
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

    // A place is a layer and a position.
    private static ImmutableArray<ProbeExamples> Read(
        LoadedModel model,
        ProbeRequest request,
        ImmutableArray<ComponentAddress> sites,
        ImmutableArray<PositionColumn> columns,
        Steps steps,
        CancellationToken cancellation
    )
    {
        ImmutableArray<ProbeExamples> places =
        [
            .. Enumerable
                .Range(0, sites.Length * columns.Length)
                .Select(_ => new ProbeExamples(new float[request.Prompts.Length][])),
        ];
        using var reader = new ComponentReader(model, sites);
        reader.Read(request.Prompts, Keep, steps, cancellation);
        return places;

        void Keep(PromptReading reading)
        {
            for (var place = 0; place < places.Length; place++)
            {
                var position = columns[place % columns.Length].Positions[reading.Prompt];
                var values = reading.Values[place / columns.Length].Row(position);
                places[place].Rows[reading.Prompt] = values.Floats.ToArray();
            }
        }
    }

    private sealed class Steps(int prompts, int fits, IProgress<SweepProgress>? progress) : IProgress<SweepProgress>
    {
        private int _fitted;

        public void Report(SweepProgress value) => progress?.Report(new SweepProgress(value.Done, prompts + fits));

        public void Fitted() => progress?.Report(new SweepProgress(prompts + ++_fitted, prompts + fits));
    }
}
