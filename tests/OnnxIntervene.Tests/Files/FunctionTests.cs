using OnnxIntervene.Components;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Files;

/// <summary>
/// A model whose layers call one local function has the components, and gives the numbers, of the same model without
/// functions.
/// </summary>
public sealed class FunctionTests
{
    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [1, 5, 9, 2, 7],
        [3, 3, 8, 11, 4],
    ]);

    [Test]
    public void A_file_with_a_function_a_layer_runs_as_without()
    {
        var (plain, wrapped) = Models();

        Assert.That(
            wrapped.Graph.Nodes.Count(node => node.Operator.Domain == "own"),
            Is.EqualTo(SmallTransformer.Layers)
        );
        Assert.That(Logits(FunctionInliner.Inline(wrapped)).Floats.SequenceEqual(Logits(wrapped).Floats));
        Assert.That(Logits(wrapped).Floats.SequenceEqual(Logits(plain).Floats));
    }

    [Test]
    public void Every_component_is_found()
    {
        var (plain, wrapped) = Models();

        var found = ComponentMap
            .Find(FunctionInliner.Inline(wrapped))
            .Components.Select(component => component.ToString());

        Assert.That(found, Is.EqualTo(ComponentMap.Find(plain).Components.Select(component => component.ToString())));
        Assert.That(found, Is.Not.Empty);
    }

    [TestCase(0, "block_output", "pos")]
    [TestCase(1, "mlp_activation", "pos")]
    [TestCase(1, "attention_weight", "h")]
    [TestCase(0, "query_output", "pos")]
    public void A_zero_in_one_layer_does_what_it_does_without_functions(int layer, string component, string unit)
    {
        var (plain, wrapped) = Models();
        var config = new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = layer,
                    Component = component,
                    Unit = unit,
                    InterventionType = InterventionType.Zero,
                },
            ],
        };

        var (expected, actual) = (Run(plain, config), Run(wrapped, config));

        Assert.That(
            Difference.Largest(actual.Intervened.Logits.Floats, expected.Intervened.Logits.Floats),
            Is.LessThanOrEqualTo(1e-6)
        );
        Assert.That(
            Difference.Largest(actual.Intervened.Logits.Floats, actual.Original!.Logits.Floats),
            Is.GreaterThan(1e-2)
        );
    }

    private static (Model Plain, Model Wrapped) Models()
    {
        var plain = SmallTransformer.WithAttention();
        return (plain, FunctionPerLayer.Of(plain, SmallTransformer.Layers));
    }

    private static NumericArray Logits(Model model) => PlainRun.Output(model, s_inputs.Arrays, "logits");

    private static RunResult Run(Model model, IntervenableConfig config)
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Save(model, folder.File("model.onnx"));
        using var loaded = IntervenableModel.Load(
            folder.File("model.onnx"),
            config,
            new ExecutionOptions { Threads = 1 }
        );
        return loaded.Run(
            s_inputs,
            null,
            UnitLocations.SourcesToBase(UnitLocation.At(1)),
            new RunSettings { OutputOriginalOutput = true }
        );
    }
}
