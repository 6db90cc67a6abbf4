using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>One intervention of a run: its site, its units, its subspace, and what the site is fed.</summary>
internal sealed class PlannedSite
{
    private readonly RunRequest _request;
    private readonly int _index;
    private readonly Component _component;
    private readonly ResolvedUnits _baseUnits;
    private readonly ResolvedUnits? _sourceUnits;
    private readonly SubspacePlan? _subspaces;
    private readonly NumericArray? _constant;

    public PlannedSite(
        RunRequest request,
        ComponentMap map,
        int index,
        ModelInputs target,
        Func<Component, ModelInputs, bool, UnitExtent> count,
        LocationFinder finder
    )
    {
        _request = request;
        _index = index;
        _component = map.Get(Representation.Layer, Representation.Component);
        _baseUnits = Resolve(request.Locations.BaseOf(index), target);
        _sourceUnits = request.Source(index) is { } source ? Resolve(request.Locations.SourceOf(index), source) : null;
        _constant = request.Constant(index) ?? OwnConstant();
        _subspaces = SubspacePlan.Of(
            Representation,
            request.Settings.Subspaces.RowsOf(index),
            SpaceDimensions,
            _baseUnits.Counts.Length
        );
        CheckCoefficients();
        SiteRules.Check(
            Representation,
            Intervention,
            _component,
            map,
            _baseUnits,
            _sourceUnits,
            collectsUnits: request.CollectsUnits
        );
        SiteRules.CheckConstant(Representation, _component, _baseUnits, request.NeedsSource(index) ? _constant : null);
        RepeatedUnits.Check(Representation, Intervention, _baseUnits, _sourceUnits, _constant);
        Site = SiteStructure.Of(Representation, Intervention, map, IsWhole, _subspaces is not null);

        ResolvedUnits Resolve(UnitLocation? location, ModelInputs inputs) =>
            ResolvedUnits.Find(Representation, _component, location, inputs, count, finder);
    }

    /// <summary>What is spliced.</summary>
    public SpliceSite Site { get; }

    public Intervention Intervention => _request.Interventions[_index];

    /// <summary>Whether its source is a run.</summary>
    public bool HasSourceRun => _sourceUnits is not null;

    private RepresentationConfig Representation => _request.Representation(_index);

    private InterventionType Type => Intervention.Type;

    // The whole tensor where nothing is chosen: cheaper than choosing every unit.
    private bool IsWhole =>
        _request.Locations.BaseOf(_index) is null
        && Type.HasCoefficient
        && _constant is not null
        && _subspaces is null
        && _component is { Layout: ComponentLayout.Positions, Unit: "pos", Axes: 3 };

    private bool IsSkipped => _request.NeedsSource(_index) && _constant is null && _sourceUnits is null;

    private int PerExample => _baseUnits.Counts.IsEmpty ? 0 : _baseUnits.Counts[0];

    private NumericArray? OwnConstant() =>
        Intervention.IsSourceDrawn
            ? DrawnSource.Over(Intervention, _baseUnits, _component.Width)
            : Intervention.Source(PerExample, _component.Width);

    private int SpaceDimensions => Type.HasParameters ? Intervention.Sizes.Latents : _component.Width;

    private int UnitsPerRow => SiteStructure.UnitsPerRow(Intervention, _component);

    // Folding takes an example's positions together; where heads are addressed, the heads of each position.
    private ResolvedUnits WriteUnits => Type.FoldsUnits ? _baseUnits.PositionsFirst() : _baseUnits;

    /// <summary>What a source's run feeds the site to be read.</summary>
    public SiteFeed ReadSource() => new() { ReadLocations = _sourceUnits!.Locations };

    /// <summary>What the base's run feeds the site to be read.</summary>
    public SiteFeed ReadBase() => new() { ReadLocations = _baseUnits.Locations };

    /// <summary>What the site is fed to write.</summary>
    /// <param name="read">What the source's run read; null where the source is a constant or there is none.</param>
    public SiteFeed Write(SourceRows? read)
    {
        // With its own parameters: on the way back a temperature of 0 would make 0 / 0 of no rows at all.
        if (Type.ReadsOnly || IsSkipped)
            return Neutral;
        if (IsWhole)
            return WholeFeed();
        var source = Intervention.TakesSource ? Source(read) : default;
        return new SiteFeed
        {
            WriteLocations = WriteUnits.Locations,
            SourceValue = source.Value,
            Source = source.Elements,
            SourceShape = source.Shape,
            Coefficients = Coefficients(_baseUnits.Counts),
            Mask = _subspaces?.Mask([.. _baseUnits.Counts.Select(units => units / UnitsPerRow)]) ?? default,
            MaskWidth = _subspaces?.Dimensions ?? 0,
            Parameters = Parameters,
        };
    }

    /// <summary>
    /// What the site is fed to do nothing: its parameters exist already, and zeros would have to be allocated.
    /// </summary>
    public SiteFeed Neutral => Parameters.IsEmpty ? SiteFeed.Neutral : new SiteFeed { Parameters = Parameters };

    /// <summary>Zeros in the shape of what the source's run will read; null where there is no such run.</summary>
    public SourceRows? Placeholder() =>
        _sourceUnits is null || _component.Width == 0
            ? null
            : new SourceRows(Zeros(_sourceUnits.Count, _component.Width));

    /// <summary>
    /// Numbers in the order and shape in which a source's rows are written, such as their gradient, in those in which
    /// they were read.
    /// </summary>
    public NumericArray ArrangedAsRead(NumericArray written)
    {
        if (!Type.FoldsUnits || _component.Width == 0)
            return written;
        var rows = _baseUnits.PositionsLast(written.FloatMemory, _component.Width);
        return NumericArray.Of(rows, _baseUnits.Count, _component.Width);
    }

    private static NumericArray Zeros(int rows, int width) =>
        NumericArray.Of(new float[SizeProduct.ToMake(sizeof(float), "The source", rows, width)], rows, width);

    /// <summary>What was read of the base, in the shape of its units and cut to the subspace.</summary>
    public NumericArray Collected(NumericArray read)
    {
        var arranged = Arranged(read, _baseUnits);
        return _subspaces is null || Type.CallsFunction ? arranged : _subspaces.Select(arranged);
    }

    /// <summary>Whether examples differ in how many units of their sources are read.</summary>
    public bool HasRaggedSource => _sourceUnits is { IsRagged: true };

    /// <summary>What was read of the source, in the shape of its units.</summary>
    public NumericArray ArrangedSource(NumericArray read) => Arranged(read, _sourceUnits!);

    /// <summary>The arguments of a Lambda's function.</summary>
    public LambdaValues Lambda(NumericArray read, NumericArray? source) =>
        new(
            Collected(read),
            source is null ? _constant : ArrangedSource(source),
            _request.Settings.Subspaces.RowsOf(_index)
        );

    // Where examples differ in their units, units stay one after the other.
    private static NumericArray Arranged(NumericArray read, ResolvedUnits units) =>
        units.IsRagged ? read : read.Reshape([.. units.Shape, .. read.Shape.AsSpan()[1..]]);

    private ImmutableDictionary<string, NumericArray> Parameters =>
        Intervention.GraphParameters.IsEmpty
            ? ImmutableDictionary<string, NumericArray>.Empty
            : Intervention.Parameters;

    private (TensorValue? Value, ReadOnlyMemory<float> Elements, ReadOnlyMemory<long> Shape) Source(SourceRows? rows)
    {
        if (rows is null && _constant is null)
            return default;
        if (rows?.Value is { } value && UnitsPerRow == 1 && !(Type.FoldsUnits && _baseUnits.Shape.Length == 3))
            return (value, default, default);
        var (elements, shape) = Source(rows?.Array);
        return (null, elements, shape);
    }

    private (ReadOnlyMemory<float> Elements, ReadOnlyMemory<long> Shape) Source(NumericArray? read)
    {
        var elements = read?.FloatMemory ?? ConstantRows();
        if (Type.FoldsUnits)
            elements = _baseUnits.PositionsFirst(elements, _component.Width);
        if (UnitsPerRow > 1)
            return (elements, new long[] { elements.Length / Intervention.Sizes.Width, Intervention.Sizes.Width });
        return (
            elements,
            read is not null ? read.Shape.Select(size => (long)size).ToArray()
            : _component.UnitAxes == 0 ? new long[] { _baseUnits.Count }
            : new long[] { _baseUnits.Count, _component.Width }
        );
    }

    private ReadOnlyMemory<float> ConstantRows()
    {
        return ArrayBroadcast.To(_constant!, SiteRules.RowShape(_component, _baseUnits))!;
    }

    private SiteFeed WholeFeed()
    {
        var shape = new long[] { 1, 1, 1 };
        for (var axis = 0; axis < Math.Min(3, _constant!.Shape.Length); axis++)
            shape[2 - axis] = _constant.Shape[_constant.Shape.Length - 1 - axis];
        return new SiteFeed
        {
            Source = _constant.FloatMemory,
            SourceShape = shape,
            Coefficients = Coefficients([.. Enumerable.Repeat(1, _baseUnits.Counts.Length)]),
            Parameters = Parameters,
        };
    }

    private void CheckCoefficients()
    {
        var (given, examples) = (_request.Coefficient(_index).Count, _baseUnits.Counts.Length);
        if (given != 1 && given != examples)
            throw new InterventionException(
                $"{given} coefficients for {Representation}, but the batch holds {examples} examples."
            );
    }

    private ReadOnlyMemory<float> Coefficients(ImmutableArray<int> counts)
    {
        if (!Type.HasCoefficient)
            return default;
        var coefficient = _request.Coefficient(_index);
        return counts.SelectMany((count, example) => Enumerable.Repeat(coefficient.At(example), count)).ToArray();
    }
}
