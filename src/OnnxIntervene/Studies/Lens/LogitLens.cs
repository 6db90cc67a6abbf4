using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// Runs the logit lens. The model's graph is cut after its last layer, and that part computes the logits of every
/// layer's stream: whatever norm, unembedding, cap or quantisation the file has is used as it is.
/// </summary>
public static class LogitLens
{
    /// <summary>Reads every layer's stream and computes its logits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The prompts, and what is measured.</param>
    /// <param name="progress">Told how many prompts are done.</param>
    /// <param name="cancellation">Ends the study early.</param>
    /// <exception cref="InterventionException">
    /// A prompt lacks what a metric or a position needs, the model cannot be cut after its last layer, or the last
    /// layer's lens is not what the model itself computes.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The study was cancelled.</exception>
    public static LogitLensResult Run(
        LoadedModel model,
        LogitLensRequest request,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        StudyRequirements.Check(model, request.Prompts, request.Metrics);
        var columns = request.Positions.ColumnsOf(request.Prompts);
        var streams = LensStreams.Of(model.Components);
        using var head = LensHead.Open(model);
        using var reader = new ComponentReader(model, streams, readsLogits: true);
        var reading = new Reading(request, columns, streams, head);
        reader.Read(request.Prompts, item => reading.Add(item, cancellation), progress, cancellation);
        return reading.ToResult();
    }

    private sealed class Reading(
        LogitLensRequest request,
        ImmutableArray<PositionColumn> columns,
        ImmutableArray<ComponentAddress> streams,
        LensHead head
    )
    {
        private readonly ImmutableArray<GridMeans> _means =
        [
            .. request.Metrics.Select(metric => new GridMeans(
                new GridLayout(
                    metric.Name,
                    [.. streams.Select(LensStreams.LabelOf)],
                    [.. columns.Select(column => column.Label)],
                    "position"
                )
            )),
        ];

        private readonly TopAnswer[][] _tops = new TopAnswer[request.Prompts.Length][];
        private double _difference;

        public void Add(PromptReading reading, CancellationToken cancellation)
        {
            int[] chosen = [.. columns.Select(column => column.Positions[reading.Prompt])];
            var (length, width) = (reading.Values[0].Shape[0], reading.Values[0].Shape[1]);
            var stream = NumericArray.Joined(reading.Values).Reshape(streams.Length, length, width);
            var logits = head.Logits(stream, chosen, cancellation);
            RequireAnswers(logits, reading.Prompt);
            var tops = new TopAnswer[logits.Shape[0]];
            for (var column = 0; column < chosen.Length; column++)
            {
                var own = Own(reading, logits, column, chosen[column]);
                for (var row = 0; row < streams.Length; row++)
                    tops[(row * chosen.Length) + column] = Measure(reading.Prompt, row, column, logits, own);
            }

            _tops[reading.Prompt] = tops;
        }

        public LogitLensResult ToResult() =>
            new()
            {
                Columns = columns,
                Metrics = request.Metrics,
                Grids = [.. _means.Select(means => means.ToGrid())],
                Tops = [.. _tops.Select(tops => tops.ToImmutableArray())],
                Difference = _difference,
            };

        private TopAnswer Measure(int prompt, int row, int column, NumericArray logits, ReadOnlySpan<float> own)
        {
            var lens = logits.Row((row * columns.Length) + column).Floats;
            var reading = new MetricReading(lens, own, request.Prompts[prompt]);
            for (var metric = 0; metric < _means.Length; metric++)
                _means[metric].Add(row, column, request.Metrics[metric].Of(reading));
            return TopAnswer.Of(lens);
        }

        private void RequireAnswers(NumericArray logits, int prompt)
        {
            var answers = new[] { request.Prompts[prompt].Answer, request.Prompts[prompt].Wrong };
            AnswerLogits.Require(
                logits.Reshape(1, logits.Shape[0], logits.Shape[1]),
                "logits",
                [.. answers.OfType<int>()]
            );
        }

        // The model's own logits, where it computes them; some exports compute those of the last token alone.
        private ReadOnlySpan<float> Own(PromptReading reading, NumericArray logits, int column, int position)
        {
            var last = logits.Row(((streams.Length - 1) * columns.Length) + column).Floats;
            var prompt = request.Prompts[reading.Prompt];
            if (reading.Logits!.Shape[0] != prompt.Length && position != LastTokens.Of(prompt.Inputs)[0])
                return last;
            var own = reading.LogitsAt(position);
            var difference = LogitDistance.Of(last, own);
            if (!(difference <= head.Part.Tolerance))
                throw new InterventionException(
                    $"Prompt {reading.Prompt + 1}: the model's last layer, through the head that was cut off, gives "
                        + $"other logits than the model itself (difference {difference:G2}, at most {head.Part.Tolerance:G1} is "
                        + "allowed). The head reads more than the stream, and a lens would mislead."
                );
            _difference = Math.Max(_difference, difference);
            return own;
        }
    }
}
