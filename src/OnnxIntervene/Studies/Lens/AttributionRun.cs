using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;

namespace OnnxIntervene.Studies.Lens;

/// <summary>Attributes the logits of one prompt after the other.</summary>
/// <param name="request">The prompts.</param>
/// <param name="column">The position of each.</param>
/// <param name="sites">What is read.</param>
/// <param name="head">What the model computes after its last layer.</param>
/// <param name="layout">Where numbers stand among those of a prompt.</param>
internal sealed class AttributionRun(
    LogitAttributionRequest request,
    PositionColumn column,
    AttributionSites sites,
    LensHead head,
    AttributionNumbers layout
)
{
    private const double Tolerance = 1e-3;

    private FrozenHead? _frozen;

    /// <summary>One prompt's numbers.</summary>
    /// <param name="reading">What was read.</param>
    /// <param name="withHeads">Whether heads are told apart; otherwise theirs are NaN.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <returns>The numbers, and why heads cannot be told apart where that has been found now.</returns>
    public (float[] Numbers, string? WhyNoHeads) Of(
        PromptReading reading,
        bool withHeads,
        CancellationToken cancellation
    )
    {
        var place = new Place(sites, reading, column.Positions[reading.Prompt]);
        var prompt = request.Prompts[reading.Prompt];
        var last = place.At(sites.Last);
        _frozen ??= FrozenHead.Measure(head.Part, last.Span, Tokens(), cancellation);
        var scale = _frozen.At(last.Span, cancellation);
        RequireOwn(place, last, cancellation);
        var parts = sites.Parts.Select(place.PartOf).ToList();
        RequireSum(reading.Prompt, [.. parts, place.At(AttributionSites.First)], last.Span);

        var added = parts.Select(part => Of(scale, prompt, part.Span)).ToList();
        var embedding = Of(scale, prompt, place.At(AttributionSites.First).Span);
        var constant = Difference(prompt, _frozen.ConstantOf);
        var total = Difference(prompt, token => scale.Logits[token]);
        var numbers = layout.Empty();
        numbers[AttributionNumbers.Error] = (float)Error(reading.Prompt, [.. added, embedding, constant], total);
        numbers[AttributionNumbers.Total] = (float)total;
        numbers[AttributionNumbers.Embedding] = (float)embedding;
        numbers[AttributionNumbers.Constant] = (float)constant;
        for (var part = 0; part < added.Count; part++)
            numbers[AttributionNumbers.FirstPart + part] = (float)added[part];
        return (numbers, withHeads ? AddHeads(numbers, place, scale, prompt, cancellation) : null);
    }

    private string? AddHeads(
        float[] numbers,
        Place place,
        FrozenScale scale,
        StudyPrompt prompt,
        CancellationToken cancellation
    )
    {
        try
        {
            for (var number = 0; number < sites.Splits.Length; number++)
            {
                var split = sites.Splits[number];
                var output = place.At(split.Output);
                var part = sites.Parts.First(part => part.SubLayer == split.Output);
                var all = place.All().ToList();
                var factors = AddedScale.Of(
                    split.Output,
                    [.. all.Select(other => other.At(split.Output))],
                    [.. all.Select(other => other.PartOf(part))],
                    place.Position
                );
                var heads = split.Split(place.At(split.Values).Span, output.Span, cancellation);
                for (var head = 0; head <= split.Heads; head++)
                    numbers[layout.FirstHeadOf(number) + head] = (float)Of(
                        scale,
                        prompt,
                        AddedScale.Times(heads[head], factors)
                    );
            }

            return null;
        }
        catch (InterventionException fault)
        {
            return fault.Message;
        }
    }

    private void RequireOwn(Place place, ReadOnlyMemory<float> last, CancellationToken cancellation)
    {
        var length = request.Prompts[place.Reading.Prompt].Length;
        if (place.Reading.Logits!.Shape[0] != length && place.Position != length - 1)
            return;
        float[] logits = [];
        head.Part.RunEach(
            Tensors.NumericArray.Of(last, 1, last.Length),
            1,
            (_, outputs) => logits = outputs[0].ToArray(),
            cancellation
        );
        var difference = LogitDistance.Of(logits, place.Reading.LogitsAt(place.Position));
        if (!(difference <= head.Part.Tolerance))
            throw new InterventionException(
                $"Prompt {place.Reading.Prompt + 1}: the head that was cut off gives other logits than the model "
                    + $"itself (difference {difference:G2}, at most {head.Part.Tolerance:G1} is allowed), so the "
                    + "model's are no sum of parts."
            );
    }

    private static void RequireSum(int prompt, List<ReadOnlyMemory<float>> parts, ReadOnlySpan<float> stream)
    {
        if (StreamSum.Distance(parts, stream) is var distance && !(distance <= Tolerance))
            throw new InterventionException(
                $"Prompt {prompt + 1}: the embedding and what the sub-layers add do not sum to the last layer's stream "
                    + $"(difference {distance:G2} of it, at most {Tolerance} is allowed): the model scales its stream "
                    + "or adds something that was not found. See: onnx-intervene inspect."
            );
    }

    private static double Error(int prompt, ImmutableArray<double> numbers, double total)
    {
        var error = Math.Abs(numbers.Sum() - total) / numbers.Append(total).Max(Math.Abs);
        if (!(error <= Tolerance))
            throw new InterventionException(
                $"Prompt {prompt + 1}: what the parts add sums to {numbers.Sum():G4}, but the model's own number is "
                    + $"{total:G4} (difference {error:G2} of the largest part, at most {Tolerance} is allowed): the "
                    + "head is not linear at a fixed scale, or computes in too few bits."
            );
        return error;
    }

    private static double Of(FrozenScale scale, StudyPrompt prompt, ReadOnlySpan<float> part)
    {
        var answer = scale.Of(prompt.Answer!.Value, part);
        return prompt.Wrong is { } wrong ? answer - scale.Of(wrong, part) : answer;
    }

    private static double Difference(StudyPrompt prompt, Func<int, double> logit) =>
        logit(prompt.Answer!.Value) - (prompt.Wrong is { } wrong ? logit(wrong) : 0);

    private HashSet<int> Tokens() => [.. request.Prompts.SelectMany(prompt => prompt.Answers)];

    // One position of one prompt's run.
    private sealed record Place(AttributionSites Sites, PromptReading Reading, int Position)
    {
        public IEnumerable<Place> All() =>
            Enumerable.Range(0, Reading.Values[0].Shape[0]).Select(position => this with { Position = position });

        public ReadOnlyMemory<float> At(ComponentAddress address) =>
            Reading.Values[Sites.Addresses.IndexOf(address)].Row(Position).FloatMemory;

        public ReadOnlyMemory<float> PartOf(StreamPart part)
        {
            if (part.After is not { } after)
                return At(part.SubLayer);
            var difference = new float[At(after).Length];
            TensorPrimitives.Subtract(At(after).Span, At(part.Before!.Value).Span, difference);
            return difference;
        }
    }
}
