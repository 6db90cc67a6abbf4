using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Patching;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>A search that has been checked against its model: its cells, and what is trained in each.</summary>
internal sealed class AlignmentStudy
{
    private readonly ImmutableArray<ComponentAddress> _sites;
    private readonly ImmutableArray<ExamplePosition> _positions;
    private string? _identity;

    /// <exception cref="InterventionException">Something does not fit the model, or examples each other.</exception>
    public AlignmentStudy(LoadedModel model, AlignmentRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        (Model, Request) = (model, request);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Steps, 1, nameof(request));
        ArgumentOutOfRangeException.ThrowIfLessThan(request.BatchSize, 1, nameof(request));
        request.Training.Check(model);
        request.Test.Check(model);
        Variables = request.Training.Examples[0].Sources.Length;
        if (request.Test.Examples[0].Sources.Length is var sources && sources != Variables)
            throw new InterventionException(
                $"Examples of the training have {Variables} sources, and those of the test {sources}."
            );
        _sites = PatchSites.Of(model.Components, request.Component, request.Layers);
        foreach (var site in _sites)
            RequireRank(site);
        _positions = request.Positions.IsEmpty ? AllPositions() : request.Positions;
        if (request.SourcePositions.Length is var read and > 0 && read != _positions.Length)
            throw new InterventionException(
                $"{_positions.Length} positions are searched, and {read} are given for sources; give one each, or none."
            );
        for (var cell = 0; cell < Count; cell++)
            CheckPlace(cell);
    }

    public LoadedModel Model { get; }

    public AlignmentRequest Request { get; }

    /// <summary>How many variables are looked for together.</summary>
    public int Variables { get; }

    /// <summary>How many cells there are.</summary>
    public int Count => _sites.Length * _positions.Length;

    /// <summary>What tells the search from others.</summary>
    public string Identity => _identity ??= Hash();

    public int RowOf(int cell) => cell / _positions.Length;

    public int ColumnOf(int cell) => cell % _positions.Length;

    public int NumberOf(AlignmentCell cell) => (cell.Row * _positions.Length) + cell.Column;

    /// <summary>A cell as messages name it.</summary>
    public string NameOf(int cell) => $"{_sites[RowOf(cell)]}, position {_positions[ColumnOf(cell)]}";

    /// <summary>Where a cell's interventions read and write.</summary>
    public InterchangePlace PlaceOf(int cell) =>
        new()
        {
            Positions = [_positions[ColumnOf(cell)]],
            SourcePositions = Request.SourcePositions.IsEmpty ? [] : [Request.SourcePositions[ColumnOf(cell)]],
            AnswerPosition = Request.AnswerPosition,
            Subspaces =
                Variables == 1 ? Subspaces.Whole : new Subspaces([.. Enumerable.Range(0, Variables).Select(Part)]),
        };

    /// <summary>The interventions that a cell's training begins with: one for each variable, of one rotation.</summary>
    public IntervenableConfig ConfigOf(int cell)
    {
        var site = _sites[RowOf(cell)];
        var width = Model.Components.Get(site).Width;
        var rank = Variables * Request.Rank;
        var rotation = new KindStart(width, rank, Request.Seed).Rotation(rank);
        Intervention intervention =
            rank == width ? new RotatedSpaceIntervention(rotation) : new LowRankRotatedSpaceIntervention(rotation);
        var representation = new RepresentationConfig
        {
            Layer = site.Layer,
            Component = site.FullName,
            Intervention = intervention,
            LowRankDimension = rank == width ? null : rank,
            InterventionLinkKey = Variables == 1 ? null : 0,
        };
        return new IntervenableConfig { Representations = [.. Enumerable.Repeat(representation, Variables)] };
    }

    /// <summary>What was found, as a result.</summary>
    public AlignmentResult ResultOf(IReadOnlyDictionary<int, AlignmentCell> cells) =>
        new()
        {
            Component = Request.Component,
            Layers = [.. _sites.Select(site => site.Layer.ToString(CultureInfo.InvariantCulture))],
            Positions = [.. _positions.Select(position => position.ToString())],
            Variables = Variables,
            Cells = [.. Enumerable.Range(0, Count).Select(cells.GetValueOrDefault)],
        };

    private ImmutableArray<ImmutableArray<int>>? Part(int variable) =>
        [
            [.. Enumerable.Range(variable * Request.Rank, Request.Rank)],
        ];

    private void RequireRank(ComponentAddress site)
    {
        var width = Model.Components.Get(site).Width;
        if (width == 0)
            throw new InterventionException($"The width of '{site}' is unknown: it cannot be rotated.");
        if (Request.Rank < 1 || (long)Request.Rank * Variables > width)
            throw new InterventionException(
                $"Each of {Variables} variables gets {Request.Rank} dimensions of '{site}', which is {width} wide; the "
                    + $"rank is from 1 to {width / Variables}."
            );
    }

    private ImmutableArray<ExamplePosition> AllPositions()
    {
        var inputs = new[] { Request.Training, Request.Test }
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
        foreach (var (data, name) in new[] { (Request.Training, "training"), (Request.Test, "test") })
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

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        StudyIdentity.Add(hash, StudyIdentity.ModelAt(Model.File.Path));
        StudyIdentity.Add(
            hash,
            $"{string.Join(' ', _sites)} | {string.Join(' ', _positions.AsEnumerable())} | "
                + $"{string.Join(' ', Request.SourcePositions.AsEnumerable())} | {Request.AnswerPosition} | "
                + $"{Request.Rank} "
                + $"{Request.Steps} {Request.BatchSize} {Request.Seed} | {Request.Options}"
        );
        foreach (var data in new[] { Request.Training, Request.Test })
        {
            StudyIdentity.Add(hash, string.Join(' ', data.Answers));
            foreach (var example in data.Examples)
                Add(hash, example);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static void Add(IncrementalHash hash, InterchangeExample example)
    {
        StudyIdentity.Add(hash, $"{example.Label} {example.BaseLabel}");
        foreach (var input in example.Sources.Prepend(example.Base))
        {
            StudyIdentity.Add(hash, input is null ? "none" : input.Inputs.RowShape);
            if (input is not null)
                Add(hash, input);
        }
    }

    private static void Add(IncrementalHash hash, InterchangeInput input)
    {
        foreach (var (_, array) in input.Inputs.Arrays.OrderBy(item => item.Key, StringComparer.Ordinal))
            StudyIdentity.Add(hash, array);
        foreach (var (name, positions) in input.Positions)
            StudyIdentity.Add(hash, $"{name} {string.Join(',', positions)}");
    }
}
