using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>Draws one intervention that fits its inputs.</summary>
/// <param name="model">The model.</param>
/// <param name="draws">The source of chance.</param>
/// <param name="source">The inputs of its source; null where there is none.</param>
/// <param name="target">The inputs that it is written into, when it has a source.</param>
/// <param name="base">The base.</param>
internal sealed class RepresentationDraw(
    CutModel model,
    Draws draws,
    ModelInputs? source,
    ModelInputs target,
    ModelInputs @base
)
{
    private const int WidestRow = 160;
    private static readonly InterventionType[] s_constantKinds =
    [
        InterventionType.Mean,
        InterventionType.Noise,
        InterventionType.ConstantSource,
    ];

    /// <summary>
    /// An intervention; of the same kind and size as <paramref name="partner"/>, whose parameters it shares, where one
    /// is given.
    /// </summary>
    public DrawnRepresentation Draw(InterventionType kind, DrawnRepresentation? partner)
    {
        kind = partner?.Config.InterventionType ?? kind;
        var isConstant = !s_constantKinds.Contains(kind) && kind.NeedsSource && draws.Chance(0.2);
        var readsRun = source is not null && !isConstant && !s_constantKinds.Contains(kind);
        var takesSource = partner?.Config.Intervention is CustomIntervention custom
            ? custom.TakesSource
            : kind == InterventionType.Custom && draws.Chance(0.5);
        var writesInto =
            readsRun && (kind.NeedsSource || kind == InterventionType.Lambda || takesSource) ? target : @base;
        var isEquallyLong = !readsRun || source!.Length == writesInto.Length;
        var component = partner is null ? ComponentFor(kind) : Same(partner);
        var counts =
            partner is null
            || ((partner.Counts.Counts is null || partner.Counts.Unit == "h") && !isEquallyLong)
            || kind.FoldsUnits
                ? Counts(kind, component, isEquallyLong, writesInto, partner)
                : partner.Counts;
        return Complete(kind, component, counts, partner, (isConstant, takesSource), writesInto);
    }

    private DrawnRepresentation Complete(
        InterventionType kind,
        Component component,
        LocationDraw counts,
        DrawnRepresentation? partner,
        (bool IsConstant, bool TakesSource) sourced,
        ModelInputs writesInto
    )
    {
        var target =
            counts.Counts
            ?? [.. Enumerable.Repeat((Math.Max(1, component.Heads), writesInto.Length), writesInto.BatchSize)];
        var together = kind.FoldsUnits ? (component.Heads > 0 ? target[0].Item1 : target[0].Item2) : 1;
        if (partner is not null && kind.FoldsUnits && together != partner.Config.MaxNumberOfUnits)
            partner = null;
        var input = kind.ReadsModuleInput ? InputOf(component).Width : 0;
        var made = new ParameterDraw(draws, component.Width * together, input).Of(
            kind,
            () => Constant(component, target),
            sourced.TakesSource
        );
        var isFresh = draws.Chance(0.2) && CanBeFresh(kind);
        var given = sourced.IsConstant ? Constant(component, target) : null;
        var isInConfig = draws.Chance(0.5);
        var config = new RepresentationConfig
        {
            Layer = component.Address.Layer,
            Component = component.Address.Name,
            Unit = counts.Unit,
            InterventionType = kind,
            Intervention = isFresh ? null : made,
            MaxNumberOfUnits = kind.FoldsUnits ? together : 1,
            LowRankDimension = kind == InterventionType.LowRankRotatedSpace ? made.Sizes.Latents : null,
            SourceRepresentation = isInConfig ? given : null,
        };
        if (partner is not null)
            config = config with { Intervention = null, InterventionLinkKey = partner.Config.InterventionLinkKey };
        var space = new SubspaceDraw(
            draws,
            writesInto.BatchSize,
            kind.HasParameters ? made.Sizes.Latents : component.Width
        );
        var (withSpace, subspaces) = kind.TakesSubspaces && partner is null ? space.Draw(config) : (config, null);
        return new DrawnRepresentation(
            withSpace,
            counts,
            source is null ? null : counts.Of(draws, source),
            counts.Of(draws, writesInto),
            subspaces,
            isInConfig ? null : given
        );
    }

    private static bool CanBeFresh(InterventionType kind) =>
        kind.Name
            is nameof(InterventionType.RotatedSpace)
                or nameof(InterventionType.LowRankRotatedSpace)
                or nameof(InterventionType.BoundlessRotatedSpace)
                or nameof(InterventionType.SigmoidMask)
                or nameof(InterventionType.SigmoidMaskRotatedSpace)
                or nameof(InterventionType.Vanilla)
                or nameof(InterventionType.Zero);

    // Any shape that broadcasts to the units.
    private NumericArray Constant(Component component, ImmutableArray<(int Heads, int Positions)> counts)
    {
        int[] full =
            counts.Distinct().Count() > 1 ? [counts.Sum(count => count.Heads * count.Positions)]
            : component.Heads > 0 ? [counts.Length, counts[0].Heads, counts[0].Positions]
            : [counts.Length, counts[0].Positions];
        var leading = full[draws.From(0, full.Length)..].Select(size => draws.Chance(0.5) ? size : 1);
        return draws.Normal(1, [.. leading, component.Width]);
    }

    private LocationDraw Counts(
        InterventionType kind,
        Component component,
        bool isEquallyLong,
        ModelInputs writesInto,
        DrawnRepresentation? partner
    )
    {
        var (batch, shortest) = (
            writesInto.BatchSize,
            Math.Min(writesInto.Length, source?.Length ?? writesInto.Length)
        );
        string[] units =
            component.Heads == 0 ? ["pos"]
            : isEquallyLong ? ["h.pos", "h", "pos"]
            : ["h.pos", "pos"];
        var unit = partner?.Config.Unit ?? draws.One(units);
        var limit = kind.FoldsUnits ? Math.Max(1, WidestRow / component.Width) : int.MaxValue;
        if (unit == "h" && !isEquallyLong)
            unit = "h.pos";
        if (partner is not null)
            return new LocationDraw(
                unit,
                component.Heads,
                partner.Counts.Counts is { } same && same.All(count => count.Positions <= shortest || unit == "h")
                    ? same
                    : [.. Enumerable.Repeat((unit == "pos" ? Math.Max(1, component.Heads) : 1, 1), batch)]
            );
        if (isEquallyLong && draws.Chance(0.2) && (component.Heads > 0 || writesInto.Length <= limit))
            return new LocationDraw(unit, component.Heads, null);
        var isRagged =
            batch > 1
            && draws.Chance(0.15)
            && !kind.FoldsUnits
            && kind.Name is not (nameof(InterventionType.Collect) or nameof(InterventionType.Lambda));
        var first = One();
        return new LocationDraw(
            unit,
            component.Heads,
            [.. Enumerable.Range(0, batch).Select(_ => isRagged ? One() : first)]
        );

        (int Heads, int Positions) One() =>
            (
                component.Heads == 0 ? 1
                : unit == "pos" ? component.Heads
                : draws.From(1, component.Heads),
                unit == "h"
                    ? writesInto.Length
                    : draws.From(1, Math.Min(Math.Min(3, shortest), component.Heads > 0 ? 3 : limit))
            );
    }

    private Component ComponentFor(InterventionType kind) =>
        draws.One(model.Components.Components.Where(component => Fits(kind, component)).ToList());

    private Component Same(DrawnRepresentation partner) =>
        draws.One(
            model
                .Components.Components.Where(component =>
                    component.Address.Name == partner.Config.Component
                    && Fits(partner.Config.InterventionType, component)
                )
                .ToList()
        );

    private bool Fits(InterventionType kind, Component component)
    {
        if (!CutModel.IsTensor(component) || component.Layout == ComponentLayout.HeadsFirst)
            return false;
        if (!kind.ReadsModuleInput)
            return true;
        return component.Heads == 0
            && ComponentNames.InputOf(component.Address.Name) is not null
            && CutModel.IsTensor(InputOf(component))
            && (kind == InterventionType.LoRA || InputOf(component).Width == component.Width);
    }

    private Component InputOf(Component component) =>
        model.Components.Get(component.Address.Layer, ComponentNames.InputOf(component.Address.Name)!);
}
