using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Patching;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>A search that has been checked against its model: its cells, and what is trained in each.</summary>
internal sealed class AlignmentStudy
{
    private readonly ImmutableArray<ComponentAddress> _sites;
    private readonly ImmutableArray<AlignmentColumn> _columns;
    private readonly ImmutableSortedDictionary<int, AlignmentSpot> _fixed;
    private string? _identity;

    /// <exception cref="InterventionException">Something does not fit the model, or examples each other.</exception>
    public AlignmentStudy(LoadedModel model, AlignmentRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        (Model, Request) = (model, request);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Steps, 1, nameof(request));
        ArgumentOutOfRangeException.ThrowIfLessThan(request.BatchSize, 1, nameof(request));
        ArgumentOutOfRangeException.ThrowIfLessThan(request.MeasuresEvery, 1, nameof(request));
        AlignmentParts.RequireKind(request.Kind);
        Variables = CheckedVariables();
        _sites = PatchSites.Of(model.Components, request.Component, request.Layers);
        _columns = Columns();
        foreach (var site in _sites)
        foreach (var column in _columns)
            column.RequireHead(model.Components.Get(site));
        _fixed = Fixed();
        for (var cell = 0; cell < Count; cell++)
            CheckPlace(cell);
    }

    public LoadedModel Model { get; }

    public AlignmentRequest Request { get; }

    /// <summary>How many variables are looked for together.</summary>
    public int Variables { get; }

    /// <summary>How many cells there are.</summary>
    public int Count => _sites.Length * _columns.Length;

    /// <summary>What tells the search from others.</summary>
    public string Identity => _identity ??= AlignmentIdentity.Of(Model, Request, _sites, _columns);

    public int RowOf(int cell) => cell / _columns.Length;

    public int LayerOf(int cell) => _sites[RowOf(cell)].Layer;

    public int ColumnOf(int cell) => cell % _columns.Length;

    public int NumberOf(AlignmentCell cell) => (cell.Row * _columns.Length) + cell.Column;

    /// <summary>A cell as messages name it.</summary>
    public string NameOf(int cell) => $"{CellSpot(cell)}";

    /// <summary>Where a cell's interventions read and write.</summary>
    public InterchangePlace PlaceOf(int cell) =>
        AlignmentSites.Place(Request, SpotsOf(cell)) with
        {
            Subspaces = PartsOf(cell).Subspaces,
        };

    /// <summary>The interventions that a cell's training begins with, one for each variable.</summary>
    public IntervenableConfig ConfigOf(int cell) => PartsOf(cell).Config();

    /// <summary>What was found, as a result.</summary>
    public AlignmentResult ResultOf(IReadOnlyDictionary<int, AlignmentCell> cells) =>
        new()
        {
            Component = Request.Component,
            Layers = [.. _sites.Select(site => site.Layer.ToString(CultureInfo.InvariantCulture))],
            Positions = [.. _columns.Select(column => column.ToString())],
            Variables = Variables,
            Cells = [.. Enumerable.Range(0, Count).Select(cells.GetValueOrDefault)],
        };

    private AlignmentSpot CellSpot(int cell) => new(_sites[RowOf(cell)], _columns[ColumnOf(cell)]);

    private ImmutableArray<AlignmentSpot> SpotsOf(int cell) =>
        [.. Enumerable.Range(0, Variables).Select(variable => _fixed.GetValueOrDefault(variable) ?? CellSpot(cell))];

    private AlignmentParts PartsOf(int cell) =>
        new(Model.Components, Request, AlignmentSpot.Merged(SpotsOf(cell), Sets().SelectMany(data => data.Examples)));

    private int CheckedVariables()
    {
        foreach (var data in Sets())
            data.Check(Model);
        var variables = Request.Training.Examples[0].Sources.Length;
        foreach (var (name, data) in NamedSets())
        {
            if (data.Examples[0].Sources.Length is var sources && sources != variables)
                throw new InterventionException(
                    $"Examples of the training have {variables} sources, and those of the {name} {sources}."
                );
        }

        if (Request.Patience is not null && Request.HeldOut is null)
            throw new InterventionException("Early stopping needs held-out examples. Set HeldOut of the request.");
        if (Request.Patience < 1)
            throw new InterventionException($"The patience is {Request.Patience}; 1 is the least.");
        return variables;
    }

    private ImmutableArray<AlignmentColumn> Columns()
    {
        var positions = Request.Positions.IsEmpty ? AllPositions() : Request.Positions;
        if (Request.SourcePositions.Length is var read and > 0 && read != positions.Length)
            throw new InterventionException(
                $"{positions.Length} positions are searched, and {read} are given for sources; give one each, or none."
            );
        return
        [
            .. positions.SelectMany(
                (position, index) =>
                    Heads()
                        .Select(head => new AlignmentColumn(
                            position,
                            Request.SourcePositions.IsEmpty ? null : Request.SourcePositions[index],
                            head
                        ))
            ),
        ];
    }

    private IEnumerable<int?> Heads()
    {
        var component = Model.Components.Get(_sites[0]);
        return !Request.Heads.IsEmpty ? Request.Heads.Select(head => (int?)head)
            : component.Layout == ComponentLayout.HeadsInWidth
                ? Enumerable.Range(0, component.Heads).Select(head => (int?)head)
            : [null];
    }

    private ImmutableSortedDictionary<int, AlignmentSpot> Fixed()
    {
        if (Request.Sites.Keys.FirstOrDefault(number => number < 0 || number >= Variables, -1) is >= 0 and var unknown)
            throw new InterventionException(
                $"A site is given for variable {unknown}; there are {Variables} variables, 0 to {Variables - 1}."
            );
        if (Request.Sites.Count == Variables)
            throw new InterventionException("Every variable has a site of its own: leave one of them to search for.");
        return Request.Sites.ToImmutableSortedDictionary(
            item => item.Key,
            item => AlignmentSites.Spot(Model, Request, item.Value)
        );
    }

    private IEnumerable<InterchangeDataSet> Sets() => NamedSets().Select(set => set.Data);

    private IEnumerable<(string Name, InterchangeDataSet Data)> NamedSets()
    {
        yield return ("training", Request.Training);
        if (Request.HeldOut is { } heldOut)
            yield return ("held-out examples", heldOut);
        yield return ("test", Request.Test);
    }

    private ImmutableArray<ExamplePosition> AllPositions()
    {
        var inputs = Sets()
            .SelectMany(data => data.Examples)
            .SelectMany(example => example.Sources.Prepend(example.Base))
            .OfType<InterchangeInput>();
        var lengths = inputs.Select(input => input.Inputs.Length).Distinct().Take(2).ToList();
        return lengths is [var length]
            ? [.. Enumerable.Range(0, length).Select(ExamplePosition.At)]
            : throw new InterventionException(
                $"Examples have {lengths[0]} and {lengths[1]} positions, so their positions are not the same places. "
                    + "Name positions that all of them have, or 'last'."
            );
    }

    private void CheckPlace(int cell)
    {
        var place = PlaceOf(cell);
        foreach (var (name, data) in NamedSets())
        {
            try
            {
                place.Check(data, Variables);
            }
            catch (InterventionException fault)
            {
                throw new InterventionException($"In the {name}: {fault.Message}", fault);
            }
        }
    }
}
