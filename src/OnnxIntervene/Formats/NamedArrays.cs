using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>Arrays of a file, taken by name with the shape that they must have.</summary>
internal sealed class NamedArrays(IReadOnlyDictionary<string, NumericArray> arrays, string origin)
{
    public bool Has(string name) => arrays.ContainsKey(name);

    /// <summary>An array of finite floats; a size that is null may be any.</summary>
    public NumericArray Floats(string name, params ReadOnlySpan<int?> shape)
    {
        if (!arrays.TryGetValue(name, out var array))
            throw new ModelFormatException(
                $"'{origin}' has no array '{name}'. It has: "
                    + $"{string.Join(", ", arrays.Keys.Order(StringComparer.Ordinal).Take(20))}."
            );
        var fits = !array.IsInteger && array.Shape.Length == shape.Length;
        for (var axis = 0; fits && axis < shape.Length; axis++)
            fits = shape[axis] is null || shape[axis] == array.Shape[axis];
        var expected = string.Join(", ", shape.ToArray().Select(size => size is null ? "any" : $"{size}"));
        return fits
            ? FiniteArray.Of(array, $"'{origin}': '{name}'")
            : throw new ModelFormatException($"'{origin}': '{name}' is {array}, but floats[{expected}] is needed.");
    }
}
