using System.Collections.Immutable;
using System.Globalization;
using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Lens;

/// <summary>Attributes the logits of one prompt after the other.</summary>
internal sealed class AttributionRun
{
    private const double Tolerance = 1e-3;

    private readonly LogitAttributionRequest _request;
    private readonly PositionColumn _column;
    private readonly AttributionSites _sites;
    private readonly LensHead _head;
    private readonly ImmutableArray<string> _names;
    private readonly GridMeans _parts;
    private readonly GridMeans _heads;
    private readonly GridMeans _biases;
    private readonly SampleMean _total = new();
    private readonly SampleMean _embedding = new();
    private readonly SampleMean _constant = new();
    private FrozenHead? _frozen;
    private string? _whyNoHeads;
    private double _error;

    public AttributionRun(LogitAttributionRequest request, PositionColumn column, AttributionSites sites, LensHead head)
    {
        (_request, _column, _sites, _head, _whyNoHeads) = (request, column, sites, head, sites.WhyNoHeads);
        ImmutableArray<string> layers = [.. Numbers(sites.LayerCount)];
        _names = [.. StreamPart.Names.Where(name => sites.Parts.Any(part => part.SubLayer.Name == name))];
        _parts = new GridMeans(new GridLayout("parts", layers, _names, "part"));
        var heads = sites.Splits.Select(split => split.Heads).DefaultIfEmpty(0).Max();
        _heads = new GridMeans(new GridLayout("heads", layers, [.. Numbers(heads)], "head"));
        _biases = new GridMeans(new GridLayout("biases", layers, ["bias"], "part"));
    }

    /// <summary>Attributes one prompt's logits.</summary>
    public void Add(PromptReading reading, CancellationToken cancellation)
    {
        var place = new Place(_sites, reading, _column.Positions[reading.Prompt]);
        var prompt = _request.Prompts[reading.Prompt];
        var last = place.At(_sites.Last);
        _frozen ??= FrozenHead.Measure(_head.Part, last.Span, Tokens(), cancellation);
        var scale = _frozen.At(last.Span, cancellation);
        RequireOwn(place, last, prompt, cancellation);
        var parts = _sites.Parts.Select(place.PartOf).ToList();
        RequireSum(reading.Prompt, [.. parts, place.At(AttributionSites.First)], last.Span);

        var numbers = parts.Select(part => Of(scale, prompt, part.Span)).ToList();
        var embedding = Of(scale, prompt, place.At(AttributionSites.First).Span);
        var constant = Difference(prompt, _frozen.ConstantOf);
        var total = Difference(prompt, token => scale.Logits[token]);
        RequireTotal(reading.Prompt, [.. numbers, embedding, constant], total);
        _embedding.Add(embedding);
        _constant.Add(constant);
        _total.Add(total);
        for (var part = 0; part < parts.Count; part++)
            _parts.Add(_sites.Parts[part].SubLayer.Layer, ColumnOf(_sites.Parts[part]), numbers[part]);
        AddHeads(place, scale, prompt, cancellation);
    }

    /// <summary>What was found.</summary>
    public LogitAttributionResult ToResult() =>
        new()
        {
            IsDifference = _request.Prompts[0].Wrong is not null,
            IsBeforeCap = _sites.BeforeCap is not null,
            Total = _total,
            Embedding = _embedding,
            Constant = _constant,
            Parts = _parts.ToGrid(),
            Heads = _whyNoHeads is null ? _heads.ToGrid() : null,
            Biases = _whyNoHeads is null ? _biases.ToGrid() : null,
            WhyNoHeads = _whyNoHeads,
            Error = _error,
        };

    private void AddHeads(Place place, FrozenScale scale, StudyPrompt prompt, CancellationToken cancellation)
    {
        try
        {
            foreach (var split in _whyNoHeads is null ? _sites.Splits : [])
            {
                var output = place.At(split.Output);
                var part = _sites.Parts.First(part => part.SubLayer == split.Output);
                var all = place.All().ToList();
                var factors = AddedScale.Of(
                    split.Output,
                    [.. all.Select(other => other.At(split.Output))],
                    [.. all.Select(other => other.PartOf(part))],
                    place.Position
                );
                var heads = split.Split(place.At(split.Values).Span, output.Span, cancellation);
                for (var head = 0; head < split.Heads; head++)
                    _heads.Add(split.Output.Layer, head, Of(scale, prompt, AddedScale.Times(heads[head], factors)));
                var bias = AddedScale.Times(heads[split.Heads], factors);
                _biases.Add(split.Output.Layer, 0, Of(scale, prompt, bias));
            }
        }
        catch (InterventionException fault)
        {
            _whyNoHeads = fault.Message;
        }
    }

    private void RequireOwn(Place place, ReadOnlyMemory<float> last, StudyPrompt prompt, CancellationToken cancellation)
    {
        if (place.Reading.Logits!.Shape[0] != prompt.Length && place.Position != prompt.Length - 1)
            return;
        float[] logits = [];
        _head.Part.RunEach(
            Tensors.NumericArray.Of(last, 1, last.Length),
            1,
            (_, outputs) => logits = outputs[0].ToArray(),
            cancellation
        );
        var difference = LogitDistance.Of(logits, place.Reading.LogitsAt(place.Position));
        if (!(difference <= _head.Part.Tolerance))
            throw new InterventionException(
                $"Prompt {place.Reading.Prompt + 1}: the head that was cut off gives other logits than the model "
                    + $"itself (difference {difference:G2}, at most {_head.Part.Tolerance:G1} is allowed), so the "
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

    private void RequireTotal(int prompt, ImmutableArray<double> numbers, double total)
    {
        var error = Math.Abs(numbers.Sum() - total) / numbers.Append(total).Max(Math.Abs);
        if (!(error <= Tolerance))
            throw new InterventionException(
                $"Prompt {prompt + 1}: what the parts add sums to {numbers.Sum():G4}, but the model's own number is "
                    + $"{total:G4} (difference {error:G2} of the largest part, at most {Tolerance} is allowed): the "
                    + "head is not linear at a fixed scale, or computes in too few bits."
            );
        _error = Math.Max(_error, error);
    }

    private static double Of(FrozenScale scale, StudyPrompt prompt, ReadOnlySpan<float> part)
    {
        var answer = scale.Of(prompt.Answer!.Value, part);
        return prompt.Wrong is { } wrong ? answer - scale.Of(wrong, part) : answer;
    }

    private static double Difference(StudyPrompt prompt, Func<int, double> logit) =>
        logit(prompt.Answer!.Value) - (prompt.Wrong is { } wrong ? logit(wrong) : 0);

    private HashSet<int> Tokens() => [.. _request.Prompts.SelectMany(prompt => prompt.Answers)];

    private int ColumnOf(StreamPart part) => _names.IndexOf(part.SubLayer.Name);

    private static IEnumerable<string> Numbers(int count) =>
        Enumerable.Range(0, count).Select(number => number.ToString(CultureInfo.InvariantCulture));

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
