using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Execution;

/// <summary>What each site of a run reads and writes, checked against the components before anything runs.</summary>
internal sealed class RunPlan
{
    private readonly RunRequest _request;
    private readonly ImmutableArray<Component> _components;
    private readonly ImmutableArray<ResolvedUnits?> _sourceUnits;
    private readonly ImmutableArray<ResolvedUnits?> _baseUnits;
    private readonly Func<Component, ModelInputs, int> _count;

    /// <summary>Checks a request.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="map">The model's components.</param>
    /// <param name="count">How many positions or steps a component has for some inputs.</param>
    public RunPlan(RunRequest request, ComponentMap map, Func<Component, ModelInputs, int> count)
    {
        _request = request;
        _count = count;
        _components = [.. request.Config.Representations.Select(item => map.Get(item.Layer, item.Component))];
        _baseUnits = [.. Enumerable.Range(0, request.Count).Select(BaseUnits)];
        _sourceUnits = [.. Enumerable.Range(0, request.Count).Select(SourceUnits)];
        for (var index = 0; index < request.Count; index++)
            CheckSource(index);
    }

    /// <summary>The sites that the run needs: the structure of its session.</summary>
    public ImmutableArray<SpliceSite> Sites =>
    [
        .. _request.Config.Representations.Select((item, index) => new SpliceSite(
            _components[index].Address with { Layer = item.Layer }, item.InterventionType, IsWhole(index) ? SiteSelection.Whole : SiteSelection.Units)),
    ];

    /// <summary>The runs that give sources: the inputs, and which sites they feed.</summary>
    public IEnumerable<(ModelInputs Inputs, ImmutableArray<int> Sites)> SourceRuns => Enumerable.Range(0, _request.Count)
        .Where(index => _request.Source(index) is not null)
        .GroupBy(index => _request.Source(index)!)
        .Select(group => (group.Key, group.ToImmutableArray()));

    /// <summary>What a source run feeds the sites: reads where it is the source, nothing elsewhere.</summary>
    public ImmutableArray<SiteFeed> SourceFeeds(ImmutableArray<int> sites) =>
    [
        .. Enumerable.Range(0, _request.Count).Select(index =>
            sites.Contains(index) ? new SiteFeed { ReadLocations = _sourceUnits[index]!.Locations } : SiteFeed.Neutral),
    ];

    /// <summary>What the base's run feeds the sites, given what the source runs read.</summary>
    public ImmutableArray<SiteFeed> BaseFeeds(IReadOnlyDictionary<int, NumericArray> read) =>
        [.. Enumerable.Range(0, _request.Count).Select(index => BaseFeed(index, read.GetValueOrDefault(index)))];

    /// <summary>What a Collect intervention read, in the shape of its units.</summary>
    public NumericArray Arrange(int index, NumericArray read) =>
        read.Reshape([.. _baseUnits[index]!.Shape, .. read.Shape.AsSpan()[1..]]);

    private bool IsWhole(int index) =>
        _request.Locations.BaseOf(index) is null
        && _request.Representation(index).InterventionType.HasCoefficient()
        && _request.Constant(index) is not null
        && _components[index].Layout == ComponentLayout.Positions;

    private bool IsSkipped(int index) => _request.Representation(index).InterventionType.NeedsSource()
        && _request.Constant(index) is null && _request.Source(index) is null;

    private ResolvedUnits BaseUnits(int index) => ResolvedUnits.Resolve(
        _request.Representation(index), _components[index], _request.Locations.BaseOf(index), _request.Base.BatchSize, _count(_components[index], _request.Base));

    private ResolvedUnits? SourceUnits(int index) => _request.Source(index) is { } source
        ? ResolvedUnits.Resolve(
            _request.Representation(index), _components[index], _request.Locations.SourceOf(index), source.BatchSize, _count(_components[index], source))
        : null;

    private SiteFeed BaseFeed(int index, NumericArray? read)
    {
        var type = _request.Representation(index).InterventionType;
        var units = _baseUnits[index]!;
        if (type == InterventionType.Collect)
            return new SiteFeed { ReadLocations = units.Locations };
        if (IsSkipped(index))
            return SiteFeed.Neutral;
        if (type == InterventionType.Zero)
            return new SiteFeed { WriteLocations = units.Locations };
        if (IsWhole(index))
            return WholeFeed(index);
        var source = read?.FloatMemory ?? ConstantSource(index);
        return new SiteFeed
        {
            WriteLocations = units.Locations,
            Source = source,
            SourceShape = SourceShape(index, read),
            Coefficients = Coefficients(index, units.PerExample),
        };
    }

    private ReadOnlyMemory<long> SourceShape(int index, NumericArray? read) => read is not null
        ? read.Shape.Select(size => (long)size).ToArray()
        : new long[] { _baseUnits[index]!.Count, _components[index].Width };

    private SiteFeed WholeFeed(int index)
    {
        var constant = _request.Constant(index)!;
        var shape = new long[] { 1, 1, 1 };
        for (var axis = 0; axis < Math.Min(3, constant.Shape.Length); axis++)
            shape[2 - axis] = constant.Shape[constant.Shape.Length - 1 - axis];
        return new SiteFeed { Source = constant.FloatMemory, SourceShape = shape, Coefficients = Coefficients(index, 1) };
    }

    private ReadOnlyMemory<float> ConstantSource(int index) =>
        Broadcast.To(_request.Constant(index)!, TargetShape(index))!;

    private int[] TargetShape(int index) => [.. _baseUnits[index]!.Shape, _components[index].Width];

    private ReadOnlyMemory<float> Coefficients(int index, int perExample)
    {
        var coefficient = _request.Coefficient(index);
        var numbers = new float[_request.Base.BatchSize * perExample];
        for (var unit = 0; unit < numbers.Length; unit++)
            numbers[unit] = coefficient.At(unit / perExample);
        return numbers;
    }

    private void CheckSource(int index)
    {
        var representation = _request.Representation(index);
        if (_sourceUnits[index] is { } source && source.Count != _baseUnits[index]!.Count)
        {
            throw new InterventionException(
                $"{representation}: the source has {source.PerExample} units an example, the base {_baseUnits[index]!.PerExample}; they must be equally many.");
        }

        if (_request.Constant(index) is not { } constant || !representation.InterventionType.NeedsSource())
            return;
        var width = _components[index].Width;
        if (constant.IsInteger || constant.Shape.Length == 0 || (constant.Shape[^1] != width && width > 0))
            throw new InterventionException($"{representation} is {width} wide, but its constant source is {constant}. Was it taken from another component?");
        if (Broadcast.To(constant, TargetShape(index)) is null)
            throw new InterventionException($"{representation} writes [{string.Join(", ", TargetShape(index))}], to which the constant source {constant} does not stretch.");
    }
}
