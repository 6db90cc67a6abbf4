using System.Collections.Immutable;
using OnnxIntervene.Baking;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Baking;

/// <summary>Folding finds biases where exporters put them.</summary>
public sealed class BiasPlaceTests
{
    [Test]
    public void A_bias_behind_an_Identity_is_changed_for_its_reader_alone()
    {
        var changes = Fold(["Identity"], new AdditionIntervention());

        Assert.That(changes, Has.All.Contains("added to"));
        Assert.That(Fold(["Identity"], Projection()), Has.All.Contains("in the weights of"));
    }

    [Test]
    public void A_bias_that_is_computed_gets_a_new_Add_or_the_bake_is_refused()
    {
        Assert.That(Fold(["Neg", "Neg"], new AdditionIntervention()), Has.All.Contains("a new Add"));
        Assert.That(
            () => Fold(["Neg", "Neg"], Projection()),
            Throws.TypeOf<InterventionException>().With.Message.Contains("is computed")
        );
    }

    private static ProjectOutIntervention Projection() => new(BakingSamples.Numbers(1, 1, Width()));

    private static int Width()
    {
        using var loaded = LoadedModel.Load(BakingSamples.Folder("gpt2/optimum"), BakingSamples.OneThread);
        return loaded.Components.Get(0, ComponentNames.MlpOutput).Width;
    }

    private static ImmutableArray<string> Fold(string[] operators, Intervention intervention)
    {
        using var folder = new TemporaryFolder();
        var model = OnnxFile.Load(Path.Combine(BakingSamples.Folder("gpt2/optimum"), "model.onnx"));
        foreach (var node in model.Graph.Nodes.Where(node => node.Operator.OperatorType == "Gemm").ToList())
            node.SetInput(2, operators.Aggregate(node.Inputs[2]!, (bias, name) => After(node, bias, name)));
        GraphOrder.Sort(model.Graph);
        OnnxFile.Save(model, folder.File("model.onnx"));
        using var loaded = LoadedModel.Load(folder.File("model.onnx"), BakingSamples.OneThread);
        using var intervened = loaded.With(
            new IntervenableConfig
            {
                Representations =
                [
                    .. new[] { ComponentNames.MlpOutput, ComponentNames.AttentionOutput }.Select(name =>
                        BakingSamples.At(1, name, intervention) with
                        {
                            SourceRepresentation =
                                intervention is AdditionIntervention
                                    ? BakingSamples.Numbers(2, 0.5f, loaded.Components.Get(1, name).Width)
                                    : null,
                        }
                    ),
                ],
            }
        );
        var (baked, evidence) = Baker.Write(intervened, new BakeRequest { Folds = true }, folder.File("out"));
        Assert.That(evidence.Select(found => found.Relative), Has.All.LessThanOrEqualTo(1e-5));
        Assert.That(evidence.Select(found => found.Effect), Has.All.GreaterThan(0.02));
        return baked.Changes;
    }

    private static Value After(Node reader, Value bias, string name) =>
        reader
            .Graph!.AddNode(
                $"{reader.Name}/{name}/{bias.Name}",
                new OperatorKey("", name),
                [bias],
                [$"{bias.Name}/{name}"],
                [],
                null
            )
            .Output;
}
