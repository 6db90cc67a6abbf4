using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Interventions;

/// <summary>
/// A kind that is in one file of this assembly works everywhere: nothing else needs to name it.
/// </summary>
public sealed class ForeignKindTests
{
    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [1, 5, 9, 2, 7],
        [3, 3, 8, 11, 4],
    ]);

    [Test]
    public void It_changes_what_it_says_in_the_subspace_that_is_chosen()
    {
        var (scaled, plain) = Logits(width => new ScaledIntervention(Factors(width)), Subspaces.Of(1, 4));
        var (expected, _) = Logits(
            width => new CustomIntervention(
                rows => rows.Ops.Mul(rows.Base, rows.Parameters["factors"]),
                new Dictionary<string, NumericArray> { ["factors"] = Factors(width) }
            ),
            Subspaces.Of(1, 4)
        );

        Assert.That(scaled, Is.EqualTo(expected));
        Assert.That(Difference.Largest(scaled, plain), Is.GreaterThan(1e-3));
    }

    [Test]
    public void It_begins_neutral()
    {
        var (fresh, plain) = Logits(width => ScaledIntervention.Kind.Fresh(new KindStart(width))!, Subspaces.Whole);

        Assert.That(fresh, Is.EqualTo(plain));
    }

    [Test]
    public void Files_keep_it()
    {
        var intervention = new ScaledIntervention(Factors(4));
        var tensors = InterventionState
            .Write(intervention, null, 4)
            .ToDictionary(entry => entry.Key, entry => entry.Value.Array);

        var (read, source) = InterventionState.Read(ScaledIntervention.Kind, tensors);

        Assert.That(tensors.Keys, Is.EqualTo(new[] { "factors", "embed_dim", "interchange_dim" }));
        Assert.That(read, Is.TypeOf<ScaledIntervention>());
        Assert.That(read.Parameters["factors"].Floats.ToArray(), Is.EqualTo(Factors(4).Floats.ToArray()));
        Assert.That(source, Is.Null);
    }

    [Test]
    public void A_shape_that_does_not_fit_is_refused_under_its_name() =>
        Assert.That(
            () => new ScaledIntervention(Factors(4).Reshape(2, 2)),
            Throws.Exception.With.Message.StartsWith("ScaledIntervention: 'factors'")
        );

    private static (float[] Intervened, float[] Original) Logits(Func<int, Intervention> make, Subspaces subspaces)
    {
        var path = Path.Combine(RepositoryPaths.OwnReferences, "families", "gpt2", "optimum", "model.onnx");
        using var plain = IntervenableModel.Load(path, IntervenableConfig.Empty);
        var width = plain.Components.Get(1, "mlp_output").Width;
        var config = new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = 1,
                    Component = "mlp_output",
                    Intervention = make(width),
                },
            ],
        };
        using var model = IntervenableModel.Load(path, config, new ExecutionOptions { Threads = 1 });
        RunResult result = model.Run(
            s_inputs,
            null,
            UnitLocations.SourcesToBase(2),
            new RunSettings { Subspaces = subspaces, OutputOriginalOutput = true }
        );
        return (result.Intervened.Logits.Floats.ToArray(), result.Original!.Logits.Floats.ToArray());
    }

    private static NumericArray Factors(int width) =>
        NumericArray.Of(Enumerable.Range(0, width).Select(index => 1.5f + (index % 3)).ToArray(), width);
}
