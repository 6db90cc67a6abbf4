using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Execution;

/// <summary>In a chain each source is changed by the one before it.</summary>
public sealed class ChainTests
{
    private static readonly ModelInputs s_base = ModelInputs.FromTokens([1, 5, 9, 2]);
    private static readonly ModelInputs s_first = ModelInputs.FromTokens([3, 4, 8, 7]);
    private static readonly ModelInputs s_second = ModelInputs.FromTokens([6, 2, 2, 11]);

    [Test]
    public void A_function_is_called_on_the_next_source_which_it_changes()
    {
        var seen = new List<LambdaValues>();
        var half = new LambdaIntervention(values =>
        {
            seen.Add(values);
            return NumericArray.Of(
                values.Base.Floats.ToArray().Zip(values.Source!.Floats.ToArray(), (x, s) => (x + s) / 2).ToArray(),
                [.. values.Base.Shape]
            );
        });
        using var chain = TinyModels.Load(
            InterventionMode.Serial,
            TinyModels.At(0, half),
            TinyModels.At(2, new VanillaIntervention())
        );
        var location = UnitLocation.At(1);

        var result = chain.Run(
            s_base,
            [s_first, s_second],
            UnitLocations.SourcesToBase(location),
            new RunSettings { OutputOriginalOutput = true }
        );

        var (first, second) = (TinyModels.Collect(s_first, location, 0), TinyModels.Collect(s_second, location, 0));
        var middle = first.Floats.ToArray().Zip(second.Floats.ToArray(), (x, s) => (x + s) / 2).ToArray();
        using var changed = TinyModels.Load(
            TinyModels.At(0, new ConstantSourceIntervention(NumericArray.Of(middle, 32))),
            TinyModels.At(2, new CollectIntervention())
        );
        var last = changed.Run(s_second, unitLocations: TinyModels.Base(location, location)).Collected[0];
        using var swap = TinyModels.Load(TinyModels.At(2, new ConstantSourceIntervention(last)));
        var expected = swap.Run(s_base, unitLocations: TinyModels.Base(location));

        Assert.That(seen, Has.Count.EqualTo(1), "the function was called more than once");
        Assert.That(Difference.Largest(seen[0].Base.Floats, second.Floats), Is.LessThan(1e-5));
        Assert.That(
            Difference.Largest(result.Intervened.Logits.Floats, expected.Intervened.Logits.Floats),
            Is.LessThan(1e-4)
        );
        Assert.That(
            Difference.Largest(result.Intervened.Logits.Floats, result.Original!.Logits.Floats),
            Is.GreaterThan(0.1)
        );
    }
}
