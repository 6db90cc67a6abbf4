using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>The noise that pyvene draws reaches every unit: numpy.random.RandomState(1).randn.</summary>
public sealed class NoiseTests
{
    private const float Level = 0.5f;
    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [1, 5, 9, 2],
        [3, 3, 8, 11],
    ]);

    // pyvene folds [batch, heads, positions, width] to [batch, positions, heads × width] before it adds [1, positions,
    // heads × width].
    [Test]
    public void Heads_lie_side_by_side_at_each_position()
    {
        var location = UnitLocation.AtHeads([3, 1], 0, 2, 3);
        var drawn = new NumpyRandom(1).StandardNormal(2 * 3 * 8);

        var change = Change(location, "head_value_output", "h.pos");

        for (var index = 0; index < change.Length; index++)
        {
            var (head, position, dimension) = (index / 24 % 2, index / 8 % 3, index % 8);
            Assert.That(
                change[index],
                Is.EqualTo(Level * drawn[(((position * 2) + head) * 8) + dimension]).Within(1e-5)
            );
        }
    }

    [Test]
    public void An_example_with_fewer_units_takes_the_first_numbers()
    {
        var drawn = new NumpyRandom(1).StandardNormal(3 * 32);
        double[] expected = [.. drawn.Take(32), .. drawn];

        using var noisy = TinyModels.Load(
            TinyModels.At(1, new NoiseIntervention(Level)),
            TinyModels.At(1, new CollectIntervention())
        );
        var collected = noisy
            .Run(
                s_inputs,
                unitLocations: TinyModels.Base(
                    new UnitLocation([
                        [2],
                        [0, 1, 3],
                    ]),
                    null
                )
            )
            .Collected[0];
        var plain = TinyModels.Collect(s_inputs, null, 1);

        int[] rows = [2, 4, 5, 7];
        for (var index = 0; index < expected.Length; index++)
        {
            var place = (rows[index / 32] * 32) + (index % 32);
            Assert.That(
                collected.Floats[place] - plain.Floats[place],
                Is.EqualTo(Level * expected[index]).Within(1e-5)
            );
        }

        Assert.That(Difference.Largest(collected.Row(0).Row(0).Floats, plain.Row(0).Row(0).Floats), Is.LessThan(1e-5));
    }

    // What the noise adds, in the first example as in the second.
    private static float[] Change(UnitLocation location, string component, string unit)
    {
        using var noisy = TinyModels.Load(
            TinyModels.At(1, new NoiseIntervention(Level), component, unit),
            TinyModels.At(1, new CollectIntervention(), component, unit)
        );
        var collected = noisy.Run(s_inputs, unitLocations: TinyModels.Base(location, location)).Collected[0];
        return
        [
            .. collected
                .Floats.ToArray()
                .Zip(
                    TinyModels.Collect(s_inputs, location, 1, component, unit).Floats.ToArray(),
                    (after, before) => after - before
                ),
        ];
    }
}
