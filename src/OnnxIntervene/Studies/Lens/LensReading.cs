using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Lens;

/// <summary>Measures the lens's logits of one prompt after the other.</summary>
internal sealed class LensReading(
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

    /// <summary>Measures one prompt.</summary>
    public void Add(PromptReading reading, CancellationToken cancellation)
    {
        RequireAnswers(reading);
        int[] chosen = [.. columns.Select(column => column.Positions[reading.Prompt])];
        var (last, own) = (streams.Length - 1, new float[]?[chosen.Length]);
        var tops = _tops[reading.Prompt] = new TopAnswer[streams.Length * chosen.Length];
        head.Each(Stack(reading.Values[^1..]), chosen, ReadLast, cancellation);
        if (last > 0)
            head.Each(Stack(reading.Values[..^1]), chosen, Read, cancellation);

        // The last layer first: it tells whether the head is the model's own.
        void ReadLast(int stream, int column, ReadOnlySpan<float> logits)
        {
            if (HasOwn(reading, chosen[column]))
                RequireOwn(reading, logits, chosen[column]);
            else
                own[column] = logits.ToArray();
            Read(last, column, logits);
        }

        void Read(int stream, int column, ReadOnlySpan<float> logits)
        {
            var reference = own[column] ?? reading.LogitsAt(chosen[column]);
            var measured = new MetricReading(logits, reference, request.Prompts[reading.Prompt]);
            for (var metric = 0; metric < _means.Length; metric++)
                _means[metric].Add(stream, column, request.Metrics[metric].Of(measured));
            tops[(stream * chosen.Length) + column] = TopAnswer.Of(logits);
        }
    }

    /// <summary>What was measured.</summary>
    public LogitLensResult ToResult() =>
        new()
        {
            Columns = columns,
            Metrics = request.Metrics,
            Grids = [.. _means.Select(means => means.ToGrid())],
            Tops = [.. _tops.Select(tops => tops.ToImmutableArray())],
            Difference = _difference,
        };

    // [stream, position, width].
    private static NumericArray Stack(ImmutableArray<NumericArray> values) =>
        NumericArray.Joined([.. values.Select(value => value.Reshape(1, value.Shape[0], value.Shape[1]))]);

    private void RequireAnswers(PromptReading reading)
    {
        var (logits, prompt) = (reading.Logits!, request.Prompts[reading.Prompt]);
        AnswerLogits.Require(logits.Reshape(1, logits.Shape[0], logits.Shape[1]), head.Output, prompt.Answers);
    }

    // Some exports compute the logits of the last token alone.
    private bool HasOwn(PromptReading reading, int position)
    {
        var inputs = request.Prompts[reading.Prompt].Inputs;
        return reading.Logits!.Shape[0] == inputs.Length || position == LastTokens.Of(inputs)[0];
    }

    private void RequireOwn(PromptReading reading, ReadOnlySpan<float> logits, int position)
    {
        var (difference, most) = (LogitDistance.Of(logits, reading.LogitsAt(position)), head.Part.Tolerance);
        if (!(difference <= most))
            throw new InterventionException(
                $"Prompt {reading.Prompt + 1}: the model's last layer, through the head that was cut off, gives other "
                    + $"logits than the model itself (difference {difference:G2}, at most {most:G1} is allowed). The "
                    + "head reads more than the stream, and a lens would mislead."
            );
        _difference = Math.Max(_difference, difference);
    }
}
