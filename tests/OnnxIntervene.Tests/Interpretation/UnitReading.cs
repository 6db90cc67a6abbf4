using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>Reads locations as their documentation says, and takes their units out of whole tensors.</summary>
internal static class UnitReading
{
    /// <summary>The units of each example.</summary>
    public static UnitRows[] Units(
        RepresentationConfig representation,
        Component component,
        UnitLocation? location,
        ModelInputs inputs
    )
    {
        var length = inputs.Arrays["input_ids"].Shape[1];
        var (allHeads, allPositions) = (
            Enumerable.Range(0, Math.Max(1, component.Heads)).ToArray(),
            Enumerable.Range(0, length).ToArray()
        );
        return
        [
            .. Enumerable
                .Range(0, inputs.BatchSize)
                .Select(example =>
                {
                    if (location is null)
                        return new UnitRows(allHeads, allPositions);
                    int[] units = [.. location.Units[location.Units.Length == 1 ? 0 : example]];
                    return representation.Unit switch
                    {
                        "h" => new UnitRows(units, allPositions),
                        "pos" => new UnitRows(allHeads, Counted(units, inputs, example)),
                        _ => new UnitRows(
                            [.. location.Heads[location.Heads.Length == 1 ? 0 : example]],
                            Counted(units, inputs, example)
                        ),
                    };
                }),
        ];
    }

    /// <summary>The units of one example of <c>[batch, position, heads × width]</c>, heads first.</summary>
    public static double[][] Take(NumericArray tensor, UnitRows units, int example, int width) =>
        [
            .. units
                .All()
                .Select(unit =>
                    tensor
                        .FloatMemory.Slice(Offset(tensor, example, unit, width), width)
                        .ToArray()
                        .Select(number => (double)number)
                        .ToArray()
                ),
        ];

    /// <summary>Puts units of one example into the numbers of <paramref name="tensor"/>.</summary>
    public static void Put(float[] numbers, NumericArray tensor, UnitRows units, int example, double[][] rows)
    {
        foreach (var (unit, row) in units.All().Zip(rows))
            Array.ConvertAll(row, number => (float)number).CopyTo(numbers, Offset(tensor, example, unit, row.Length));
    }

    private static int Offset(NumericArray tensor, int example, (int Head, int Position) unit, int width) =>
        (((example * tensor.Shape[1]) + unit.Position) * tensor.Shape[2]) + (unit.Head * width);

    // From the end of what the attention mask keeps, where negative.
    private static int[] Counted(int[] positions, ModelInputs inputs, int example)
    {
        var length = inputs.Arrays["input_ids"].Shape[1];
        var kept = Enumerable
            .Range(0, length)
            .Where(position =>
                !inputs.Arrays.TryGetValue("attention_mask", out var mask)
                || mask.Integers[(example * length) + position] == 1
            )
            .ToArray();
        return [.. positions.Select(position => position < 0 ? kept[^-position] : position)];
    }
}
