using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>A direction of length 1, along which kinds measure x.</summary>
internal static class UnitDirection
{
    /// <summary>The parameter's name in files.</summary>
    public const string Name = "direction";

    /// <summary>v, <c>[width]</c>.</summary>
    public static KindParameter Parameter { get; } = new(Name, sizes => [sizes.Width]);

    /// <summary>The direction with length 1.</summary>
    /// <exception cref="InterventionException">It is no vector of finite floats, or zero.</exception>
    public static NumericArray Of(NumericArray direction)
    {
        ArgumentNullException.ThrowIfNull(direction);
        if (direction.IsInteger || direction.Length == 0 || direction.Shape.Count(size => size > 1) > 1)
            throw new InterventionException($"'{Name}' is {direction}; one vector of floats is expected.");
        var numbers = Array.ConvertAll(direction.Floats.ToArray(), number => (double)number);
        if (!Array.TrueForAll(numbers, double.IsFinite))
            throw new InterventionException($"'{Name}' holds numbers that are not finite.");
        var length = Math.Sqrt(numbers.Sum(number => number * number));
        return length > 0
            ? NumericArray.Of(Array.ConvertAll(numbers, number => (float)(number / length)), numbers.Length)
            : throw new InterventionException($"'{Name}' is zero; nothing can be measured along it.");
    }

    /// <summary>How far each row lies along the direction: x · v, <c>[rows, 1]</c>.</summary>
    public static Value Projection(KindRows rows) =>
        rows.MatMul(rows.Base, rows.Ops.Reshape(rows.Parameter(Name), -1, 1));
}
