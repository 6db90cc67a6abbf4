using System.Collections.Frozen;
using System.Collections.Immutable;

namespace OnnxIntervene.CausalModels;

/// <summary>One variable of a causal model. Immutable.</summary>
public sealed record CausalVariable
{
    private readonly FrozenSet<CausalValue> _values;

    private CausalVariable(string name, IEnumerable<CausalValue> values)
    {
        (Name, Values) = (name, [.. values]);
        _values = Values.ToFrozenSet();
    }

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>What it can be; empty for an input that can be anything, which no sampler can draw.</summary>
    public ImmutableArray<CausalValue> Values { get; }

    /// <summary>The variables that it is computed from; empty for an input.</summary>
    public ImmutableArray<string> Parents { get; private init; } = [];

    /// <summary>Whether it is computed from nothing, but given.</summary>
    public bool IsInput => Parents.IsEmpty;

    /// <summary>How it is computed; null for an input.</summary>
    public CausalFunction? Function { get; private init; }

    /// <summary>What an input is where a run gives it no value; null for one that must be given.</summary>
    public CausalValue? Default { get; init; }

    /// <summary>A variable that is given.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="values">What it can be; empty for anything.</param>
    public static CausalVariable Input(string name, IEnumerable<CausalValue> values)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(values);
        return new CausalVariable(name, values);
    }

    /// <summary>A variable that is computed from others.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="values">What it can be.</param>
    /// <param name="parents">The variables that it is computed from, at least one.</param>
    /// <param name="function">Computes it from their values; the same values must always give the same.</param>
    public static CausalVariable Computed(
        string name,
        IEnumerable<CausalValue> values,
        IEnumerable<string> parents,
        CausalFunction function
    )
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(parents);
        ArgumentNullException.ThrowIfNull(function);
        ImmutableArray<string> names = [.. parents];
        if (names.IsEmpty)
            throw new ArgumentException($"'{name}' is computed from nothing; make it an input.", nameof(parents));
        return new CausalVariable(name, values) { Parents = names, Function = function };
    }

    /// <summary>Whether the variable can be a value.</summary>
    public bool CanBe(CausalValue value) => Values.IsEmpty || _values.Contains(value);

    /// <inheritdoc/>
    public override string ToString() => IsInput ? Name : $"{Name} of {string.Join(", ", Parents)}";
}
