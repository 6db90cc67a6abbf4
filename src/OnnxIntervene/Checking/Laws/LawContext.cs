using System.Collections.Immutable;
using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Laws;

/// <summary>What every law needs: the runs, two of them made, and how closely numbers must agree.</summary>
/// <param name="Probe">Makes runs.</param>
/// <param name="Inputs">The base and the source.</param>
/// <param name="Base">The base's own run.</param>
/// <param name="Source">The source's own run.</param>
/// <param name="Components">The components, by address.</param>
/// <param name="LayerCount">How many layers there are.</param>
/// <param name="Stack">The stack of the layers; null for the model's own.</param>
/// <param name="Tolerance">How far numbers may differ, in parts of the largest.</param>
internal sealed record LawContext(
    Probe Probe,
    CheckInputs Inputs,
    Snapshot Base,
    Snapshot Source,
    IReadOnlyDictionary<ComponentAddress, Component> Components,
    int LayerCount,
    string? Stack,
    double Tolerance
)
{
    // Of bytes, whose tolerance is a tenth, no more can be asked of two runs.
    private const double MostSpread = 0.3;

    private static readonly string[] s_prefixes = ["", ComponentNames.CrossPrefix];

    /// <summary>How far two runs must differ at a place for a law to show there, in parts of the largest.</summary>
    public double Spread => Math.Min(10 * Tolerance, MostSpread);

    /// <summary>The component of this name in a layer; null where the map has none.</summary>
    public Component? Find(int layer, string name) =>
        Components.GetValueOrDefault(new ComponentAddress(layer, name) { Stack = Stack });

    /// <summary>The pairs of components that a layer has, of its own attention and of cross-attention.</summary>
    public ILookup<Component, Component> Pairs(int layer, IEnumerable<(string Read, string Computed)> names) =>
        Found(layer, names).ToLookup(pair => pair.Read, pair => pair.Computed);

    private IEnumerable<(Component Read, Component Computed)> Found(
        int layer,
        IEnumerable<(string Read, string Computed)> names
    )
    {
        foreach (var (read, computed) in names)
        {
            foreach (var prefix in s_prefixes)
            {
                if (Find(layer, prefix + read) is { } first && Find(layer, prefix + computed) is { } second)
                    yield return (first, second);
            }
        }
    }

    /// <summary>Runs the base with a component's values from the source.</summary>
    public Snapshot Swapped(params ReadOnlySpan<Component> components)
    {
        var changes = new Change[components.Length];
        for (var index = 0; index < components.Length; index++)
            changes[index] = new Change(components[index].Address, Source[components[index].Address]);
        return Probe.Run(Inputs.Base, changes);
    }

    /// <summary>
    /// Runs the base with a component's values from the source at one position; null where positions are refused.
    /// </summary>
    /// <param name="component">The component.</param>
    /// <param name="position">The position.</param>
    /// <param name="refusal">Why there is no run; empty where there is one.</param>
    public Snapshot? SwappedAt(Component component, int position, out string refusal)
    {
        refusal = "";
        try
        {
            return Probe.Run(Inputs.Base, new Change(component.Address, Source[component.Address], position));
        }
        catch (InterventionException fault)
        {
            refusal = fault.Message;
            return null;
        }
    }

    /// <summary>Runs the base with other values in a component.</summary>
    public Snapshot Written(Component component, NumericArray values) =>
        Probe.Run(Inputs.Base, new Change(component.Address, values));

    /// <summary>That two arrays are equal, where a third that is not equal would have shown it.</summary>
    /// <param name="law">The law in short.</param>
    /// <param name="about">The components that it is about.</param>
    /// <param name="actual">What the run computed.</param>
    /// <param name="expected">What the law says.</param>
    /// <param name="otherwise">What would be there if nothing had been written.</param>
    public LawFinding Equal(
        string law,
        ImmutableArray<Component> about,
        ReadOnlySpan<float> actual,
        ReadOnlySpan<float> expected,
        ReadOnlySpan<float> otherwise
    )
    {
        if (actual.Length != expected.Length)
            return Finding(law, about, LawOutcome.Contradicted, $"{actual.Length} numbers are not {expected.Length}");
        var largest = Math.Max(Largest(expected), Largest(otherwise));
        var limit = Tolerance * largest;
        if (Largest(expected, otherwise) <= Spread * largest)
            return Finding(law, about, LawOutcome.Untested, "the two runs do not differ there");
        var difference = Largest(actual, expected);
        return difference <= limit
            ? Finding(law, about, LawOutcome.Proved, "")
            : Finding(law, about, LawOutcome.Contradicted, $"differs by {difference:G3}, more than {limit:G3}");
    }

    /// <summary>A finding, in the layer of the first component.</summary>
    public static LawFinding Finding(
        string law,
        ImmutableArray<Component> about,
        LawOutcome outcome,
        string explanation
    ) => new(law, about[0].Address.Layer, [.. about.Select(item => item.Address)], outcome, explanation);

    /// <summary>The largest difference of two arrays of one length.</summary>
    public static double Largest(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var largest = 0.0;
        for (var index = 0; index < one.Length; index++)
        {
            var difference = Math.Abs((double)one[index] - other[index]);
            if (!(difference <= largest))
                largest = double.IsNaN(difference) ? double.PositiveInfinity : difference;
        }

        return largest;
    }

    /// <summary>The largest number of an array, without its sign.</summary>
    public static double Largest(ReadOnlySpan<float> numbers)
    {
        var largest = 0.0;
        foreach (var number in numbers)
            largest = Math.Max(largest, Math.Abs(number));
        return largest;
    }
}
