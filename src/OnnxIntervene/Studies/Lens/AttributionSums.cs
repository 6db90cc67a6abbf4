using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Execution;
using OnnxIntervene.Numerics;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Reading;

namespace OnnxIntervene.Studies.Lens;

/// <summary>Takes the means of the prompts' attributions.</summary>
internal sealed class AttributionSums
{
    private readonly LogitAttributionRequest _request;
    private readonly PositionColumn _column;
    private readonly AttributionSites _sites;
    private readonly ImmutableArray<string> _names;
    private readonly GridMeans _parts;
    private readonly GridMeans _heads;
    private readonly GridMeans _biases;
    private readonly SampleMean _total = new();
    private readonly SampleMean _embedding = new();
    private readonly SampleMean _constant = new();
    private double _error;

    public AttributionSums(LogitAttributionRequest request, PositionColumn column, AttributionSites sites)
    {
        (_request, _column, _sites, WhyNoHeads) = (request, column, sites, sites.WhyNoHeads);
        Layout = new AttributionNumbers(sites);
        ImmutableArray<string> layers = [.. Numbers(sites.LayerCount)];
        _names = [.. StreamPart.Names.Where(name => sites.Parts.Any(part => part.SubLayer.Name == name))];
        _parts = new GridMeans(new GridLayout("parts", layers, _names, "part"));
        var heads = sites.Splits.Select(split => split.Heads).DefaultIfEmpty(0).Max();
        _heads = new GridMeans(new GridLayout("heads", layers, [.. Numbers(heads)], "head"));
        _biases = new GridMeans(new GridLayout("biases", layers, ["bias"], "part"));
    }

    /// <summary>Where numbers stand among those of a prompt.</summary>
    public AttributionNumbers Layout { get; }

    /// <summary>Why heads cannot be told apart; null where they can.</summary>
    public string? WhyNoHeads { get; private set; }

    /// <summary>What is kept: each prompt, in one part.</summary>
    public StudyParts PartsIn(LoadedModel model) =>
        new()
        {
            Identity = () =>
                StudyIdentity.Of(
                    nameof(LogitAttribution),
                    model,
                    [$"{_column.Label} {string.Join(',', _column.Positions)}"],
                    _request.Prompts
                ),
            Prompts = _request.Prompts.Length,
            PartsOfPrompt = 1,
            Count = _request.Prompts.Length,
            LengthOf = _ => Layout.Count,
        };

    /// <summary>Counts a prompt.</summary>
    public void Add(ReadOnlySpan<float> numbers)
    {
        _total.Add(numbers[AttributionNumbers.Total]);
        _embedding.Add(numbers[AttributionNumbers.Embedding]);
        _constant.Add(numbers[AttributionNumbers.Constant]);
        _error = Math.Max(_error, numbers[AttributionNumbers.Error]);
        for (var part = 0; part < _sites.Parts.Length; part++)
        {
            var site = _sites.Parts[part].SubLayer;
            _parts.Add(site.Layer, _names.IndexOf(site.Name), numbers[AttributionNumbers.FirstPart + part]);
        }

        for (var split = 0; split < _sites.Splits.Length; split++)
        {
            var (layer, heads) = (_sites.Splits[split].Output.Layer, _sites.Splits[split].Heads);
            var own = numbers.Slice(Layout.FirstHeadOf(split), heads + 1);
            for (var head = 0; head < heads; head++)
                _heads.Add(layer, head, own[head]);
            _biases.Add(layer, 0, own[heads]);
        }
    }

    /// <summary>
    /// Counts a prompt whose heads cannot be told apart, which then are not for any. It is not kept, so that a study
    /// that goes on finds the reason again.
    /// </summary>
    public void AddWithoutHeads(ReadOnlySpan<float> numbers, string why)
    {
        WhyNoHeads ??= why;
        Add(numbers);
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
            Heads = WhyNoHeads is null ? _heads.ToGrid() : null,
            Biases = WhyNoHeads is null ? _biases.ToGrid() : null,
            WhyNoHeads = WhyNoHeads,
            Error = _error,
        };

    private static IEnumerable<string> Numbers(int count) =>
        Enumerable.Range(0, count).Select(number => number.ToString(CultureInfo.InvariantCulture));
}
