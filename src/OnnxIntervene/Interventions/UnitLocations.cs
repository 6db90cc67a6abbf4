using System.Collections.Immutable;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Where each intervention reads its source and where it writes (pyvene's <c>unit_locations</c>). One entry serves
/// every intervention; a null entry means the whole tensor.
/// </summary>
/// <param name="Sources">Where sources are read, one entry an intervention.</param>
/// <param name="Base">Where the base is written, or collected, one entry an intervention.</param>
public sealed record UnitLocations(ImmutableArray<UnitLocation?> Sources, ImmutableArray<UnitLocation?> Base)
{
    /// <summary>The whole tensor, for every intervention.</summary>
    public static UnitLocations Everywhere { get; } = new([null], [null]);

    /// <summary>One unit, the same in sources and base, for every intervention and example.</summary>
    public static UnitLocations SourcesToBase(int unit) => SourcesToBase(unit, unit);

    /// <summary>From one unit of the sources to another of the base, for every intervention and example.</summary>
    public static UnitLocations SourcesToBase(int sourceUnit, int baseUnit) =>
        new([UnitLocation.At(sourceUnit)], [UnitLocation.At(baseUnit)]);

    /// <summary>These units, the same in sources and base, for every intervention.</summary>
    public static UnitLocations SourcesToBase(UnitLocation location) => new([location], [location]);

    /// <summary>Where intervention <paramref name="index"/> reads its source.</summary>
    internal UnitLocation? SourceOf(int index) => Sources[Sources.Length == 1 ? 0 : index];

    /// <summary>Where intervention <paramref name="index"/> writes.</summary>
    internal UnitLocation? BaseOf(int index) => Base[Base.Length == 1 ? 0 : index];
}
