using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using OnnxIntervene.IR;

namespace OnnxIntervene.CausalModels;

/// <summary>
/// Values of some of a causal model's variables, by name: an input, an intervention, or all of a run. Settings are
/// equal when they give the same variables the same values. Immutable.
/// </summary>
public sealed class CausalSetting : IEquatable<CausalSetting>
{
    private CausalSetting(ImmutableSortedDictionary<string, CausalValue> values) => Values = values;

    /// <summary>No variable has a value.</summary>
    public static CausalSetting Empty { get; } =
        new(ImmutableSortedDictionary.Create<string, CausalValue>(StringComparer.Ordinal));

    /// <summary>The values by the names of their variables.</summary>
    public ImmutableSortedDictionary<string, CausalValue> Values { get; }

    /// <summary>How many variables have a value.</summary>
    public int Count => Values.Count;

    /// <summary>The variables that have a value, sorted.</summary>
    public IEnumerable<string> Names => Values.Keys;

    /// <summary>A variable's value.</summary>
    /// <exception cref="InterventionException">It has none.</exception>
    public CausalValue this[string name] =>
        Values.TryGetValue(name, out var value)
            ? value
            : throw new InterventionException($"The setting has no value of '{name}': {this}.");

    /// <summary>A setting of names and values; of two with one name the last one counts.</summary>
    public static CausalSetting Of(params IEnumerable<(string Name, CausalValue Value)> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Aggregate(Empty, (setting, item) => setting.With(item.Name, item.Value));
    }

    /// <summary>Whether a variable has a value.</summary>
    public bool Contains(string name) => Values.ContainsKey(name);

    /// <summary>A variable's value, where it has one.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out CausalValue? value) => Values.TryGetValue(name, out value);

    /// <summary>The setting with another value of a variable.</summary>
    public CausalSetting With(string name, CausalValue value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        return new(Values.SetItem(name, value));
    }

    /// <summary>The setting of some of its variables; those that have no value stay without one.</summary>
    public CausalSetting Only(IEnumerable<CausalVariable> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        return Of(variables.Where(item => Contains(item.Name)).Select(item => (item.Name, this[item.Name])));
    }

    /// <inheritdoc/>
    public bool Equals(CausalSetting? other) => other is not null && Values.SequenceEqual(other.Values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CausalSetting);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        Values.Aggregate(0, (hash, entry) => HashCode.Combine(hash, entry.Key, entry.Value));

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", Values.Select(entry => $"{entry.Key} = {entry.Value}"));
}
