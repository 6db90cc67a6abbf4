namespace OnnxIntervene.Templates.Evaluation;

/// <summary>Variables of a part of a template; what it lacks is looked for around it.</summary>
internal sealed class Scope(Scope? around = null)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    /// <summary>Sets a variable of this part.</summary>
    public void Set(string name, object? value) => _values[name] = value;

    /// <summary>A variable's value; undefined where there is none.</summary>
    public object? Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Around)
        {
            if (scope._values.TryGetValue(name, out var value))
                return value;
        }

        return new Undefined(name);
    }

    private Scope? Around { get; } = around;
}
