using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Reading;

namespace OnnxIntervene.Probing;

/// <summary>
/// The values that probes are fitted to, and how well they fit. A layer's values are a part of a prompt; after these,
/// the first prompt has a part for each probe: its accuracy, and that with shuffled labels.
/// </summary>
internal sealed class ProbeStudy
{
    /// <summary>The number of the prompt among whose parts the probes are.</summary>
    public const int OfFits = 0;

    private readonly LoadedModel _model;
    private readonly ProbeRequest _request;
    private readonly ImmutableArray<PositionColumn> _columns;
    private readonly GridLayout _layout;
    private readonly GridMeans _accuracy;
    private readonly GridMeans _control;

    public ProbeStudy(
        LoadedModel model,
        ProbeRequest request,
        ImmutableArray<ComponentAddress> sites,
        ImmutableArray<PositionColumn> columns
    )
    {
        (_model, _request, Sites, _columns) = (model, request, sites, columns);
        Examples = [.. Enumerable.Range(0, Places).Select(_ => new ProbeExamples(new float[request.Prompts.Length][]))];
        _layout = new GridLayout(
            request.Component,
            [.. sites.Select(site => site.Layer.ToString(CultureInfo.InvariantCulture))],
            [.. columns.Select(column => column.Label)],
            "position"
        );
        (_accuracy, _control) = (new GridMeans(_layout), new GridMeans(_layout));
    }

    /// <summary>The component in each layer.</summary>
    public ImmutableArray<ComponentAddress> Sites { get; }

    /// <summary>How many layers and positions are probed.</summary>
    public int Places => Sites.Length * _columns.Length;

    /// <summary>The values of each place.</summary>
    public ImmutableArray<ProbeExamples> Examples { get; }

    /// <summary>What is kept.</summary>
    public StudyParts Parts =>
        new()
        {
            Identity = Identity,
            Prompts = _request.Prompts.Length,
            PartsOfPrompt = PartOf(_request.Splits, 0),
            Count = (_request.Prompts.Length * Sites.Length) + (_request.Splits * Places),
            LengthOf = part => part < Sites.Length ? _columns.Length * WidthOf(part) : 2,
        };

    /// <summary>The number of the part that is a probe of a split.</summary>
    public int PartOf(int split, int place) => Sites.Length + (split * Places) + place;

    /// <summary>What was read of a layer in a prompt, <c>[position, width]</c>.</summary>
    public float[] ValuesOf(PromptReading reading, int site)
    {
        var width = WidthOf(site);
        var values = new float[_columns.Length * width];
        for (var column = 0; column < _columns.Length; column++)
            reading
                .Values[site]
                .Row(_columns[column].Positions[reading.Prompt])
                .Floats.CopyTo(values.AsSpan(column * width));
        return values;
    }

    /// <summary>Takes a part.</summary>
    public void Add(int prompt, int part, ReadOnlySpan<float> numbers)
    {
        if (part < Sites.Length)
        {
            var width = WidthOf(part);
            for (var column = 0; column < _columns.Length; column++)
                Examples[(part * _columns.Length) + column].Rows[prompt] = numbers
                    .Slice(column * width, width)
                    .ToArray();
            return;
        }

        var (row, place) = Math.DivRem((part - Sites.Length) % Places, _columns.Length);
        _accuracy.Add(row, place, numbers[0]);
        _control.Add(row, place, numbers[1]);
    }

    /// <summary>What was found.</summary>
    public ProbeResult ToResult(ProbeLabels labels) =>
        new()
        {
            Classes = labels.Classes,
            Trained = labels.Numbers.Length - labels.HeldOut.Sum(),
            HeldOut = labels.HeldOut.Sum(),
            Accuracy = _accuracy.ToGrid() with { Layout = _layout with { Name = "accuracy" } },
            Control = _control.ToGrid() with { Layout = _layout with { Name = "control" } },
            Majority = labels.Majority,
        };

    private int WidthOf(int site)
    {
        var component = _model.Components.Get(Sites[site]);
        return component.Width * Math.Max(1, component.Heads);
    }

    private string Identity() =>
        StudyIdentity.Of(
            nameof(LinearProbe),
            _model,
            [
                .. Sites.Select(site => site.ToString()),
                .. _columns.Select(column => $"{column.Label} {string.Join(',', column.Positions)}"),
                .. _request.Prompts.Select(prompt => prompt.Label ?? ""),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{_request.HeldOut} {_request.Splits} {_request.Seed} {_request.Regularization}"
                ),
            ],
            _request.Prompts
        );
}
