using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components;

/// <summary>
/// Makes components from a map's entries, and checks each against what the file says about its tensor.
/// </summary>
internal sealed class OverrideResolver
{
    private readonly Dictionary<ComponentAddress, Component> _found;
    private readonly Dictionary<string, Component> _described = new(StringComparer.Ordinal);
    private readonly TypeInference _types = new();
    private readonly RawTensors _tensors;
    private readonly ComponentMap _map;
    private readonly Model _model;

    public OverrideResolver(Model model, ComponentMap found)
    {
        _model = model;
        _map = found;
        _tensors = new RawTensors(model);
        _found = found.Components.ToDictionary(component => component.Address);
        foreach (var component in found.Components)
            _described.TryAdd(component.Source.Description, component);
    }

    /// <summary>The component that an entry names.</summary>
    /// <exception cref="InterventionException">
    /// There is no such tensor, or it does not fit what the entry says about it.
    /// </exception>
    public Component Component(ComponentOverride entry)
    {
        entry = entry with { Address = _map.Resolve(entry.Address) };
        var own = _found.GetValueOrDefault(entry.Address);
        if (own is not null && IsAt(own.Source, entry))
            return Rebuilt(entry, own);
        if (_tensors.Find(entry.Tensor) is { } source)
            return FromTensor(entry, source);
        if (entry.Range is null && _described.TryGetValue(entry.Tensor, out var other))
            return Rebuilt(entry, other with { Address = entry.Address });
        var names = NearestNames.To(entry.Tensor, _tensors.Names, 3);
        throw Fault(
            entry,
            "tensor",
            $"'{entry.Tensor}' is not a tensor of this model. Nearest: {string.Join(", ", names)}"
        );
    }

    private static bool IsAt(ComponentSource source, ComponentOverride entry) =>
        source is SliceSource slice && entry.Range is { } range
            ? (slice.Value.Name, slice.Start, slice.End) == (entry.Tensor, range.Start, range.End)
            : entry.Range is null && source.Description == entry.Tensor;

    // What was found stays where it is; the entry may only divide its width into another number of heads.
    private static Component Rebuilt(ComponentOverride entry, Component found)
    {
        var packed = found.Source switch
        {
            InterleavedSource { Heads: var heads } => heads,
            SplitHeadsSource { Heads: var heads } => heads,
            _ => 0,
        };
        if (packed > 0 && entry.Heads > 0 && entry.Heads != packed)
            throw Fault(entry, "heads", $"'{entry.Tensor}' has {packed} heads, but the map says {entry.Heads}");
        var full = found.FullWidth;
        if (entry.Width is not { } width)
            width = full == 0 ? 0 : Divided(entry, full);
        else if (full > 0 && width * Math.Max(1L, entry.Heads) != full)
            throw WidthFault(entry, full);
        return WithUnit(entry, found with { Width = width, Heads = entry.Heads, Unit = "" }, found.Unit);
    }

    private Component FromTensor(ComponentOverride entry, ComponentSource source)
    {
        var value = RawTensors.ValueOf(source);
        var type = _types.ElementTypeOf(value);
        if (TensorRules.FaultOf(value, type) is { } wrong)
            throw Fault(entry, "tensor", wrong);
        if (source is BodySource body)
            return OfSteps(entry, body);
        var known = _types.RankOf(value);
        if (IsHeadsFirst(entry) && (known is 4 or null))
            return HeadsFirst(entry, source, value);
        var rank = known ?? 3;
        if (rank < 2)
            throw Fault(
                entry,
                "tensor",
                $"'{value.Name}' has {rank} axes; interventions need an axis of examples and one of units"
            );
        if (rank == 4 && entry is { Heads: > 0, Range: null })
            return SplitHeads(entry, source, value, entry.Width ?? _types.WidthOf(value));
        if (entry.Heads > 0 && rank != 3)
            throw Fault(
                entry,
                "heads",
                $"'{value.Name}' has {rank} axes; heads need [batch, position, heads × width], [batch, position, "
                    + $"heads, width] or [batch, head, query, key]"
            );
        var full = Range(entry, _types.WidthOf(value), rank);
        var width = full > 0 ? Divided(entry, full) : entry.Width ?? 0;
        if (width == 0 && (rank <= 3 || entry.Width is not null))
            throw Fault(entry, "width", $"the file does not say how wide '{value.Name}' is; state the width");
        if (full > 0 && entry.Width is { } said && said * Math.Max(1L, entry.Heads) != full)
            throw WidthFault(entry, full);
        var component = new Component(
            entry.Address,
            Located(entry, source, value, rank),
            rank > 3 ? 0 : width,
            entry.Heads,
            ""
        )
        {
            IsRaw = true,
            Axes = rank > 3 ? rank : 3,
        };
        return WithUnit(entry, component, "pos");
    }

    // A tensor of a loop's body, which has one row for each step.
    private Component OfSteps(ComponentOverride entry, BodySource source)
    {
        foreach (var (isGiven, field) in new[] { (entry.Range is not null, "range"), (entry.Heads > 0, "heads") })
        {
            if (isGiven)
                throw Fault(entry, field, $"'{entry.Tensor}' is taken whole at each step of {source.Owner.Name}");
        }

        var component = RawTensors.OfSteps(entry.Address, source, _types);
        return entry.Width is null || entry.Width == component.Width
            ? WithUnit(entry, component, component.Unit)
            : throw WidthFault(entry, component.Width);
    }

    // Probabilities have no width; heads with a width are side by side.
    private static bool IsHeadsFirst(ComponentOverride entry) =>
        entry.Heads > 0
        && (
            entry.Width == 0
            || (
                entry.Width is null
                && (
                    entry.Unit == "h"
                    || entry.Address.Name.EndsWith(ComponentNames.AttentionWeight, StringComparison.Ordinal)
                )
            )
        );

    // [batch, head, query, key]
    private static Component HeadsFirst(ComponentOverride entry, ComponentSource source, Value value)
    {
        RefuseRange(entry, 4);
        if (value.Type?.Shape is { Rank: 4 } shape && shape[1].Size is { } heads && heads != entry.Heads)
            throw Fault(
                entry,
                "heads",
                $"'{value.Name}' has {heads} heads on its second axis, but the map says {entry.Heads}"
            );
        return WithUnit(entry, new Component(entry.Address, source, 0, entry.Heads, ""), "h");
    }

    // [batch, position, head, width]
    private static Component SplitHeads(ComponentOverride entry, ComponentSource source, Value value, int width)
    {
        if (width < 1)
            throw Fault(entry, "width", $"the file does not say how wide a head of '{value.Name}' is; state the width");
        if (source is not TensorSource)
            throw Fault(
                entry,
                "tensor",
                $"'{value.Name}' is in branches and is split into heads, which a map cannot name"
            );
        if (
            value.Type?.Shape is { Rank: 4 } shape
            && ((shape[2].Size ?? entry.Heads) != entry.Heads || (shape[3].Size ?? width) != width)
        )
            throw Fault(entry, "heads", $"'{value.Name}' is {shape}, but the map says {entry.Heads} heads of {width}");
        return WithUnit(
            entry,
            new Component(entry.Address, new SplitHeadsSource(value, entry.Heads, width), width, entry.Heads, ""),
            "h.pos"
        );
    }

    private ComponentSource Located(ComponentOverride entry, ComponentSource source, Value value, int rank)
    {
        if (entry.Range is { } range)
            return source is TensorSource
                ? new SliceSource(value, range.Start, range.End)
                : throw Fault(entry, "range", $"'{value.Name}' is in branches, so a range of it cannot be taken");
        if (rank != 2)
            return source;

        // [batch × position, width]: an input says how many examples there are.
        var batch = _model.Graph.Inputs.FirstOrDefault(input =>
            !input.IsConstant && input.Type?.Shape is { Rank: > 1 }
        );
        return source is TensorSource && batch is not null
            ? new FlatSource(value, batch)
            : throw Fault(
                entry,
                "tensor",
                $"'{value.Name}' has two axes, and no input of the model says how many examples there are"
            );
    }

    private static int Range(ComponentOverride entry, int tensorWidth, int rank)
    {
        if (entry.Range is not { } range)
            return tensorWidth;
        RefuseRange(entry, rank);
        return tensorWidth == 0 || range.End <= tensorWidth
            ? range.End - range.Start
            : throw Fault(entry, "range", $"'{entry.Tensor}' is {tensorWidth} wide, but the range ends at {range.End}");
    }

    private static void RefuseRange(ComponentOverride entry, int rank)
    {
        if (entry.Range is not null && rank != 3)
            throw Fault(entry, "range", $"'{entry.Tensor}' has {rank} axes; a range needs [batch, position, width]");
    }

    private static int Divided(ComponentOverride entry, int full) =>
        full % Math.Max(1, entry.Heads) == 0
            ? full / Math.Max(1, entry.Heads)
            : throw Fault(entry, "heads", $"'{entry.Tensor}' is {full} wide, which {entry.Heads} heads do not divide");

    private static Component WithUnit(ComponentOverride entry, Component component, string flatUnit)
    {
        string[] allowed = component.Layout switch
        {
            ComponentLayout.HeadsFirst => ["h"],
            ComponentLayout.HeadsInWidth => ["h.pos", "h", "pos"],
            _ => component.Source is RecurrentSource or StepsSource or BodySource ? [flatUnit] : ["pos", "t"],
        };
        var unit = entry.Unit ?? (component.Layout == ComponentLayout.Positions ? flatUnit : allowed[0]);
        return allowed.Contains(unit)
            ? component with
            {
                Unit = unit,
            }
            : throw Fault(
                entry,
                "unit",
                $"'{unit}' does not fit a component of {component.Heads} heads, {component.Width} wide; use "
                    + $"{string.Join(" or ", allowed)}"
            );
    }

    private static InterventionException WidthFault(ComponentOverride entry, int full) =>
        Fault(
            entry,
            "width",
            entry.Heads > 0
                ? $"'{entry.Tensor}' is {full} wide, but the map says {entry.Heads} heads of {entry.Width}"
                : $"'{entry.Tensor}' is {full} wide, but the map says {entry.Width}"
        );

    private static InterventionException Fault(ComponentOverride entry, string field, string what) =>
        new(
            $"Component map, {(entry.Place.Length > 0 ? $"{entry.Place}.{field}" : $"{entry.Address}, {field}")}: "
                + $"{what}."
        );
}
