using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// A kind of intervention with its parameters (an instance of pyvene's <c>Intervention</c>). Plain data;
/// representations may share one.
/// </summary>
public abstract record Intervention
{
    private protected Intervention(
        InterventionType type,
        InterventionSizes sizes,
        params ReadOnlySpan<(string Name, NumericArray Array)> parameters
    )
    {
        (Type, Sizes) = (type, sizes);
        Parameters = parameters
            .ToArray()
            .ToImmutableDictionary(entry => entry.Name, entry => entry.Array, StringComparer.Ordinal);
        foreach (var (name, shape) in type.ShapesOf(sizes))
        {
            if (Parameters[name] is var array && (array.IsInteger || !array.Shape.SequenceEqual(shape)))
                throw new InterventionException(
                    $"{type.ClassName}: '{name}' is {array}, but floats[{string.Join(", ", shape)}] would fit the "
                        + $"other parameters."
                );
        }
    }

    /// <summary>The kind.</summary>
    public InterventionType Type { get; }

    /// <summary>The sizes of the parameters.</summary>
    public InterventionSizes Sizes { get; }

    /// <summary>The parameters by their names in pyvene's files; empty where the kind has none.</summary>
    public ImmutableDictionary<string, NumericArray> Parameters { get; }

    /// <summary>
    /// How torch keeps rotations among the parameters, by name, where that is known: a training that goes on from a
    /// file goes on as torch's would.
    /// </summary>
    internal ImmutableDictionary<string, OrthogonalParametrization> Parametrizations { get; init; } =
        ImmutableDictionary<string, OrthogonalParametrization>.Empty;

    /// <summary>Whether a source is read, from a run or as a constant.</summary>
    public virtual bool TakesSource => Type.TakesSource;

    /// <summary>Whether it needs a source.</summary>
    internal bool NeedsSource => TakesSource && Type.Source != KindSource.Optional;

    /// <summary>Whether <see cref="Source"/> draws numbers unit by unit.</summary>
    internal virtual bool IsSourceDrawn => false;

    /// <summary>The parameters that are inputs of the graph, with their shapes.</summary>
    internal virtual ImmutableArray<(string Name, ImmutableArray<int> Shape)> GraphParameters => Type.ShapesOf(Sizes);

    /// <summary>The component that the module reads, where it is not the usual one; null for that.</summary>
    internal virtual string? NamedModuleInput => null;

    /// <summary>The change of the module's weights that does the same; null where there is none.</summary>
    internal virtual ModuleUpdate? Update => null;

    /// <summary>Whether pyvene can load the intervention from its own files.</summary>
    internal virtual bool HasPlaceInPyvenesFiles => Type.IsPyvenes;

    /// <summary>The kind's own constant source, in a form in which runs may give one; null for none.</summary>
    /// <param name="units">Units of an example.</param>
    /// <param name="width">Elements of a unit.</param>
    public virtual NumericArray? Source(int units, int width) => null;

    /// <summary>
    /// What a function of this process computes from the values; null where it leaves them, or there is none.
    /// </summary>
    internal virtual NumericArray? Call(LambdaValues values) => null;

    /// <inheritdoc/>
    public sealed override string ToString()
    {
        var parameters = Parameters
            .OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => $"{entry.Key} {entry.Value}");
        return Type.ClassName + (Parameters.IsEmpty ? "" : $"({string.Join(", ", parameters)})");
    }

    /// <summary>A parameter of one number as <c>[1]</c>, however a file shapes it.</summary>
    private protected static NumericArray Single(NumericArray number) =>
        number.Length == 1
            ? number.Reshape(1)
            : throw new InterventionException($"One number is expected, not {number}.");

    /// <summary>The sizes of a matrix.</summary>
    private protected static (int Rows, int Columns) SizesOf(NumericArray matrix, string name) =>
        matrix is { IsInteger: false, Shape: [var rows, var columns] }
            ? (rows, columns)
            : throw new InterventionException($"'{name}' is {matrix}; a matrix of floats is expected.");
}
