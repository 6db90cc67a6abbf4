using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Gradients;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Attribution;

/// <summary>
/// The gradients of one metric by a study's components, in the run that is patched or on the way to what is put in.
/// Owns a session.
/// </summary>
internal sealed class PromptGradients : IDisposable
{
    private const int MostRows = 32;

    private readonly AttributionStudy _study;
    private readonly Metric _metric;
    private readonly GradientSession _session;
    private readonly bool _mixesRows;

    private PromptGradients(AttributionStudy study, Metric metric, GradientSession session) =>
        (_study, _metric, _session, _mixesRows) = (
            study,
            metric,
            session,
            RowMixing.FindNode(study.Model.Model) is not null
        );

    /// <summary>Opens the session.</summary>
    /// <exception cref="IR.InterventionException">An operator has no gradient rule.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model.</exception>
    public static PromptGradients Open(AttributionStudy study, Metric metric) =>
        new(
            study,
            metric,
            GradientSession.Open(
                study.Model,
                MetricLoss.Of(metric, study.Prompts[0], [], 1),
                new GradientTargets { Components = study.Sites, Moved = study.Steps > 0 ? study.Sites : [] }
            )
        );

    /// <summary>How many rows of a prompt share a run.</summary>
    public static int RowsOf(AttributionStudy study, StudyPrompt prompt) =>
        RowMixing.FindNode(study.Model.Model) is not null
            ? 1
            : Math.Min(
                MostRows,
                BatchSize.For(prompt.Length, (int)(study.Model.Components.Limits.Vocabulary ?? 1 << 18))
            );

    /// <summary>What each unit of each site contributes to the metric of the patched run.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="reference">Its clean run's logits.</param>
    /// <param name="differences">For each site, what is put in less what is there.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    public ImmutableArray<float[]> Scores(
        StudyPrompt prompt,
        ReadOnlySpan<float> reference,
        ImmutableArray<NumericArray> differences,
        CancellationToken cancellation
    )
    {
        var inputs = _study.To == 0 ? prompt.Inputs : prompt.Corrupt!;
        if (_study.Steps == 0)
        {
            var gradients = _session.Run(inputs, MetricLoss.Of(_metric, prompt, reference, 1), cancellation);
            return
            [
                .. _study.Sites.Select(
                    (site, index) => Scored(site, differences[index], [(gradients.Components[site].Row(0), 1)])
                ),
            ];
        }

        var scores = ImmutableArray.CreateBuilder<float[]>();
        for (var site = 0; site < differences.Length; site++)
            scores.Add(Integrated(site, prompt, inputs, reference, differences, cancellation));
        return scores.ToImmutable();
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    // Points of the way are rows of a run; a loss is their mean.
    private float[] Integrated(
        int site,
        StudyPrompt prompt,
        ModelInputs inputs,
        ReadOnlySpan<float> reference,
        ImmutableArray<NumericArray> differences,
        CancellationToken cancellation
    )
    {
        var address = _study.Sites[site];
        var most = _mixesRows ? 1 : RowsOf(_study, prompt);
        var gradients = new List<(NumericArray, float)>();
        for (var first = 0; first < _study.Steps; first += most)
        {
            var rows = Math.Min(most, _study.Steps - first);
            var result = _session.RunMoved(
                inputs.Repeat(rows),
                MetricLoss.Of(_metric, prompt, reference, rows),
                Moves(address, differences, first, rows),
                cancellation
            );
            var weight = (float)rows / _study.Steps;
            gradients.AddRange(Enumerable.Range(0, rows).Select(row => (result.Components[address].Row(row), weight)));
        }

        return Scored(address, differences[site], gradients);
    }

    private List<NumericArray> Moves(
        ComponentAddress moved,
        ImmutableArray<NumericArray> differences,
        int first,
        int rows
    )
    {
        var nothing = new float[differences.Max(difference => difference.Length) * rows];
        return
        [
            .. _session.Targets.Moved.Select(address =>
            {
                var difference = differences[_study.Sites.IndexOf(address)];
                var length = rows * difference.Length;
                ReadOnlyMemory<float> values =
                    address == moved
                        ? IntegrationPath.Points(difference.Floats, first, rows, _study.Steps)
                        : nothing.AsMemory(0, length);
                return NumericArray.Of(values, [rows, .. difference.Shape]);
            }),
        ];
    }

    private float[] Scored(
        ComponentAddress site,
        NumericArray difference,
        IEnumerable<(NumericArray Gradient, float Weight)> gradients
    )
    {
        var order = UnitScores.OrderOf(_study.Model.Components.Get(site).Layout, _study.CountsQueries);
        var scores = new float[UnitScores.CountOf(order, difference)];
        foreach (var (gradient, weight) in gradients)
            UnitScores.Add(order, difference, gradient, weight, scores);
        return scores;
    }
}
