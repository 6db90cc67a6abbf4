using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients.Losses;

/// <summary>The rows of an output that a loss is computed from: chosen positions, or each last token.</summary>
internal static class LossRows
{
    /// <summary>The input that holds their coordinates.</summary>
    public const string Places = "places";

    /// <summary>Each row's coordinates, <c>[N, axes - 1]</c>: example and position, or the example alone.</summary>
    /// <param name="inputs">What the model is run on.</param>
    /// <param name="positions">
    /// Positions <c>[batch, count]</c>; null for the last token of each example, padding not counted.
    /// </param>
    /// <param name="outputAxes">The axes of the output: 3, or 2 where it has no positions.</param>
    /// <exception cref="InterventionException">The positions do not fit the output.</exception>
    public static NumericArray Of(ModelInputs inputs, NumericArray? positions, int outputAxes)
    {
        var batch = inputs.BatchSize;
        if (outputAxes == 2)
        {
            if (positions is not null)
                throw new InterventionException(
                    "The output has one row an example and no positions, but positions were given. Leave them out."
                );
            return NumericArray.Of(Enumerable.Range(0, batch).Select(row => (long)row).ToArray(), batch, 1);
        }

        if (positions is { Shape: not [_, _] } || (positions is not null && positions.Shape[0] != batch))
            throw new InterventionException($"Positions are [{batch}, count], integers; {positions} was given.");
        var places = positions is null ? Last(inputs) : Chosen(positions);
        return NumericArray.Of(
            places.SelectMany(place => new[] { place.Example, place.Position }).ToArray(),
            places.Count,
            2
        );
    }

    // -1 is the last position of the output, which may have another length than what the model reads.
    private static List<(long Example, long Position)> Last(ModelInputs inputs)
    {
        var isPadded = inputs.Arrays.ContainsKey(InputFiller.Mask);
        var last = isPadded ? LastTokens.Of(inputs) : [];
        return [.. Enumerable.Range(0, inputs.BatchSize).Select(row => ((long)row, isPadded ? (long)last[row] : -1))];
    }

    private static List<(long Example, long Position)> Chosen(NumericArray positions)
    {
        var numbers = positions.IntegerMemory.ToArray();
        return [.. numbers.Select((position, index) => ((long)(index / positions.Shape[1]), position))];
    }

    /// <summary>Refuses numbers that are not among an output's classes; 0 classes where that is not known.</summary>
    public static void CheckClasses(NumericArray numbers, string what, int classes)
    {
        if (!numbers.IsInteger)
            throw new InterventionException($"A {what} is an integer; {numbers} was given.");
        for (var row = 0; row < numbers.Length; row++)
        {
            if (numbers.Integers[row] is var number && (number < 0 || (classes > 0 && number >= classes)))
                throw new InterventionException(
                    $"The {what} of row {row} is {number}, but the output has "
                        + $"{(classes > 0 ? $"classes 0 to {classes - 1}" : "no negative classes")}."
                );
        }
    }

    /// <summary>Refuses an array that does not have one entry a row.</summary>
    public static NumericArray Fitted(NumericArray entries, NumericArray places, string what)
    {
        if (!entries.IsInteger || entries.Length != places.Shape[0])
            throw new InterventionException(
                $"The loss has {places.Shape[0]} rows, so it needs as many {what}, integers; {entries} was given."
            );
        return entries.Reshape(entries.Length);
    }
}
