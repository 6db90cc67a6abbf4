using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// Measures the lens's logits of one prompt after the other. A prompt's numbers are the metrics and the top token of
/// each stream and column, and after them how far the last layer's lens is from the model's own logits.
/// </summary>
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

    // The token and its probability.
    private const int NumbersOfTop = 2;

    private readonly TopAnswer[][] _tops = new TopAnswer[request.Prompts.Length][];
    private double _difference;

    private int NumbersOfPlace => request.Metrics.Length + NumbersOfTop;

    private int Places => streams.Length * columns.Length;

    /// <summary>What is kept: each prompt, in one part.</summary>
    public StudyParts PartsIn(LoadedModel model) =>
        new()
        {
            Identity = () =>
                StudyIdentity.Of(
                    nameof(LogitLens),
                    model,
                    [
                        .. request.Metrics.Select(metric => metric.Name),
                        .. columns.Select(column => $"{column.Label} {string.Join(',', column.Positions)}"),
                    ],
                    request.Prompts
                ),
            Prompts = request.Prompts.Length,
            PartsOfPrompt = 1,
            Count = request.Prompts.Length,
            LengthOf = _ => (Places * NumbersOfPlace) + 1,
        };

    /// <summary>Counts a prompt's numbers.</summary>
    public void Add(int prompt, ReadOnlySpan<float> numbers)
    {
        _tops[prompt] = new TopAnswer[Places];
        for (var place = 0; place < Places; place++)
        {
            var own = numbers.Slice(place * NumbersOfPlace, NumbersOfPlace);
            for (var metric = 0; metric < _means.Length; metric++)
                _means[metric].Add(place / columns.Length, place % columns.Length, own[metric]);
            _tops[prompt][place] = new TopAnswer((int)own[^2], own[^1]);
        }

        _difference = Math.Max(_difference, numbers[^1]);
    }

    /// <summary>A prompt's numbers.</summary>
    public float[] Measure(PromptReading reading, CancellationToken cancellation)
    {
        RequireAnswers(reading);
        int[] chosen = [.. columns.Select(column => column.Positions[reading.Prompt])];
        var (last, own) = (streams.Length - 1, new float[]?[chosen.Length]);
        var numbers = new float[(Places * NumbersOfPlace) + 1];
        head.Each(Stack(reading.Values[^1..]), chosen, ReadLast, cancellation);
        if (last > 0)
            head.Each(Stack(reading.Values[..^1]), chosen, Read, cancellation);
        return numbers;

        // The last layer first: it tells whether the head is the model's own.
        void ReadLast(int stream, int column, ReadOnlySpan<float> logits)
        {
            if (HasOwn(reading, chosen[column]))
                numbers[^1] = Math.Max(numbers[^1], Difference(reading, logits, chosen[column]));
            else
                own[column] = logits.ToArray();
            Read(last, column, logits);
        }

        void Read(int stream, int column, ReadOnlySpan<float> logits)
        {
            var reference = own[column] ?? reading.LogitsAt(chosen[column]);
            var measured = new MetricReading(logits, reference, request.Prompts[reading.Prompt]);
            var (top, place) = (TopAnswer.Of(logits), ((stream * chosen.Length) + column) * NumbersOfPlace);
            for (var metric = 0; metric < _means.Length; metric++)
                numbers[place + metric] = request.Metrics[metric].Of(measured);
            (numbers[place + _means.Length], numbers[place + _means.Length + 1]) = (top.Id, top.Probability);
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

    private float Difference(PromptReading reading, ReadOnlySpan<float> logits, int position)
    {
        var (difference, most) = (LogitDistance.Of(logits, reading.LogitsAt(position)), head.Part.Tolerance);
        if (!(difference <= most))
            throw new InterventionException(
                $"Prompt {reading.Prompt + 1}: the model's last layer, through the head that was cut off, gives other "
                    + $"logits than the model itself (difference {difference:G2}, at most {most:G1} is allowed). The "
                    + "head reads more than the stream, and a lens would mislead."
            );
        return (float)difference;
    }
}
