using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>The arrays that a kind makes an intervention from.</summary>
/// <param name="className">The class that a missing array is reported for.</param>
/// <param name="arrays">The arrays by name; a kind ignores those that it does not have.</param>
internal sealed class KindArrays(string className, IReadOnlyDictionary<string, NumericArray> arrays)
{
    /// <exception cref="InterventionException">There is no array of that name.</exception>
    public NumericArray this[string name] =>
        Find(name)
        ?? throw new InterventionException(
            $"{className} needs the parameter '{name}'; there are: {string.Join(", ", arrays.Keys)}."
        );

    /// <summary>The array; null where there is none.</summary>
    public NumericArray? Find(string name) => arrays.GetValueOrDefault(name);

    /// <summary>The array's first number, or another where there is no array.</summary>
    public float Number(string name, float otherwise) =>
        Find(name) switch
        {
            null => otherwise,
            { IsInteger: false, Length: > 0 } array => array.Floats[0],
            var array => throw new InterventionException($"{className}: '{name}' is {array}; a number is expected."),
        };
}
