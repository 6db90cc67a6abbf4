using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Planning;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Baking;

/// <summary>Takes a configuration for what a file can hold, and refuses what depends on a run.</summary>
internal sealed class ConstantSites
{
    private readonly IntervenableModel _model;
    private readonly UnitLocations _locations;
    private readonly RunSettings _settings;
    private readonly TypeInference _types = new();

    private ConstantSites(IntervenableModel model, UnitLocations locations, RunSettings settings) =>
        (_model, _locations, _settings) = (model, locations, settings);

    /// <summary>Every intervention of the model's configuration.</summary>
    /// <exception cref="InterventionException">
    /// One needs a run of a source, or chosen positions, or differs between examples; the message names it.
    /// </exception>
    public static ImmutableArray<ConstantSite> Of(
        IntervenableModel model,
        UnitLocations? locations,
        RunSettings? settings
    )
    {
        if (model.Config.Representations.Length == 0)
            throw new InterventionException("The configuration has no interventions; there is nothing to bake.");
        var reader = new ConstantSites(model, locations ?? UnitLocations.Everywhere, settings ?? new RunSettings());
        return [.. Enumerable.Range(0, model.Config.Representations.Length).Select(reader.Read)];
    }

    private ConstantSite Read(int index)
    {
        var representation = _model.Config.Representations[index];
        var intervention = _model.Interventions[index];
        var component = _model.Components.Get(representation.Layer, representation.Component);
        RequireConstant(representation, intervention, component.Heads > 0);
        if (intervention.Type.ReadsModuleInput)
            SiteRules.CheckModuleInput(representation, intervention, component, _model.Components);
        var site = new ConstantSite(representation, intervention, component)
        {
            Heads = Heads(representation, component, _locations.BaseOf(index)),
            Coefficient = CoefficientOf(representation, intervention, index),
            Mask = MaskOf(representation, intervention, component, index),
        };
        var source = _settings.SourceOf(index, representation) ?? intervention.Source(1, component.Width);
        if (!intervention.TakesSource)
            return site;
        if (source is null)
            throw new InterventionException(
                $"{representation} takes its values from a run of a source, which a file has not. Give it a constant "
                    + "source (source_representation), or run it with 'run'."
            );
        site = site with { Source = Arranged(site, source) };
        RequireRoom(site);
        return site;
    }

    // Where ONNX Runtime computes 16-bit floats in 32 bits a number beyond them does no harm, and elsewhere it does.
    private void RequireRoom(ConstantSite site)
    {
        var type = SourcePlaces
            .Values(site.Component.Source)
            .Select(value => _types.ElementTypeOf(value))
            .FirstOrDefault();
        var most = type == ElementType.Float16 ? (float)Half.MaxValue : float.MaxValue;
        foreach (var number in site.Source!.Floats)
        {
            var scaled = number * site.Coefficient;
            if (!(Math.Abs(scaled) <= most))
                throw new InterventionException(
                    FormattableString.Invariant(
                        $"{site.Representation}: {number} times the coefficient {site.Coefficient} is {scaled:g3}, but "
                    ) + FormattableString.Invariant($"the model's numbers there are at most {most:g5}. Lower it.")
                );
        }
    }

    private static void RequireConstant(RepresentationConfig representation, Intervention intervention, bool heads)
    {
        var type = intervention.Type;
        if (type.ReadsOnly)
            throw new InterventionException(
                $"{representation} changes nothing; leave it out, or read values with 'collect'."
            );
        if (type.CallsFunction)
            throw new InterventionException($"{representation} is a function of this process, which no file can hold.");
        if (type.FoldsUnits && heads)
            throw new InterventionException(
                $"{representation} takes several heads together as one row; a file has them at components without "
                    + "heads only."
            );
        if (intervention.IsSourceDrawn)
            throw new InterventionException(
                $"{representation} draws other numbers for every position. Give it the numbers of one (noise)."
            );
    }

    // Heads may be chosen for good; positions are a run's.
    private static ImmutableArray<int> Heads(
        RepresentationConfig representation,
        Component component,
        UnitLocation? location
    )
    {
        if (location is null)
            return default;
        if (component.Heads == 0 || representation.Unit != "h" || location.Anchor is not null)
            throw new InterventionException(
                $"{representation} acts at chosen positions, and a file does the same at all of them. Leave the "
                    + "positions out, or steer with 'run'."
            );
        if (location.Units.Length != 1)
            throw new InterventionException(
                $"{representation} acts on other heads in each example, and a file does the same in all of them."
            );
        var heads = location.Units[0];
        UnitRules.CheckRow(representation, heads, component.Heads, "head", 0);
        return heads.Length == component.Heads ? default : heads;
    }

    private float CoefficientOf(RepresentationConfig representation, Intervention intervention, int index)
    {
        var coefficient = _settings.CoefficientOf(index);
        if (coefficient.Count > 1)
            throw new InterventionException(
                $"{representation} has {coefficient.Count} coefficients, one for each example; a file has room for one."
            );
        return intervention.Type.HasCoefficient ? coefficient.At(0) : 1;
    }

    private ImmutableArray<bool> MaskOf(
        RepresentationConfig representation,
        Intervention intervention,
        Component component,
        int index
    )
    {
        var rows = _settings.Subspaces.RowsOf(index);
        if (rows is { Length: > 1 })
            throw new InterventionException(
                $"{representation} has another subspace in each of {rows.Value.Length} examples; a file has room for "
                    + "one."
            );
        var dimensions = intervention.Type.HasParameters ? intervention.Sizes.Latents : component.Width;
        var plan = SubspacePlan.Of(representation, rows, dimensions, 1);
        return plan is null ? default : [.. plan.Mask([1]).ToArray()];
    }

    // Positions and examples have one source; heads may have one each.
    private static NumericArray Arranged(ConstantSite site, NumericArray source)
    {
        var (component, representation) = (site.Component, site.Representation);
        if (component.Width == 0 || source.IsInteger)
            throw new InterventionException(
                $"{representation}: the constant source is {source}, but a unit of '{component.Address.Name}' is no "
                    + "vector of floats of a known width."
            );
        var heads = site.ChosenHeads.ToArray();
        int[] shape = component.Heads > 0 ? [1, heads.Length, 1, component.Width] : [1, 1, component.Width];
        if (ArrayBroadcast.To(source, shape) is not { } rows)
            throw new InterventionException(
                $"{representation}: the constant source is {source}, but a file has room for "
                    + $"[{string.Join(", ", shape)}]: one for all examples and positions."
            );
        return component.Heads > 0
            ? NumericArray.Of(ByHead(rows, heads, component), 1, 1, component.Heads, component.Width)
            : NumericArray.Of(rows, shape);
    }

    // Heads that are not chosen get zeros, which nothing reads.
    private static float[] ByHead(float[] rows, int[] heads, Component component)
    {
        var all = new float[component.Heads * component.Width];
        for (var index = 0; index < heads.Length; index++)
            rows.AsSpan(index * component.Width, component.Width).CopyTo(all.AsSpan(heads[index] * component.Width));
        return all;
    }
}
