using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>The arrays that a kind makes an intervention from.</summary>
/// <param name="className">The class that a missing array is reported for.</param>
/// <param name="arrays">The arrays by name; a kind ignores those that it does not have.</param>
internal sealed class KindArrays(string className, IReadOnlyDictionary<string, NumericArray> arrays)
{
    /// <summary>Whether NaN and infinity are taken, too.</summary>
    public bool TakesAnyNumbers { get; init; }

    /// <exception cref="InterventionException">
    /// There is no array of that name, or it holds NaN or infinity.
    /// </exception>
    public NumericArray this[string name] =>
        Find(name)
        ?? throw new InterventionException(
            $"{className} needs the parameter '{name}'; there are: {string.Join(", ", arrays.Keys)}."
        );

    /// <summary>The array; null where there is none.</summary>
    /// <exception cref="InterventionException">It holds NaN or infinity.</exception>
    public NumericArray? Find(string name) => arrays.GetValueOrDefault(name) is { } array ? Finite(array, name) : null;

    /// <summary>
    /// The array's first number, or another where there is no array. It is finite, unless the other is not: a bound
    /// that need not be there.
    /// </summary>
    /// <exception cref="InterventionException">It is no number, or not finite.</exception>
    public float Number(string name, float otherwise) =>
        arrays.GetValueOrDefault(name) switch
        {
            null => otherwise,
            { IsInteger: false, Length: > 0 } array => (float.IsFinite(otherwise) ? Finite(array, name) : array).Floats[
                0
            ],
            var array => throw new InterventionException($"{className}: '{name}' is {array}; a number is expected."),
        };

    private NumericArray Finite(NumericArray array, string name) =>
        TakesAnyNumbers || array.IsFinite
            ? array
            : throw new InterventionException(
                $"{className}: '{name}' holds numbers that are not finite (NaN or infinity)."
            );
}
