using OnnxIntervene.Components;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>Components around and inside the standard's Attention operator.</summary>
public sealed class StandardAttentionTests
{
    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [1, 5, 9, 2, 7],
        [3, 3, 8, 11, 4],
    ]);

    private static readonly string[] s_names =
    [
        "block_input",
        "block_output",
        "attention_input",
        "query_output",
        "key_output",
        "value_output",
        "attention_weight",
        "attention_value_output",
        "attention_output",
        "mlp_input",
        "mlp_activation",
        "mlp_output",
        "head_query_output",
        "head_key_output",
        "head_attention_value_output",
    ];

    [Test]
    public void Every_component_of_a_layer_is_found()
    {
        var names = ComponentMap
            .Find(SmallTransformer.WithAttention())
            .Components.Where(component => component.Address.Layer == 1)
            .Select(component => component.Address.Name)
            .ToList();

        Assert.That(names, Is.SupersetOf(s_names));
    }

    [Test]
    public void Probabilities_are_those_that_the_operator_shows_itself()
    {
        var shown = SmallTransformer.WithAttention();
        var node = shown.Graph.Nodes.Where(node => node.Operator.OperatorType == "Attention").ElementAt(1);
        var settings = node.Attributes.Append(NodeAttribute.Of("qk_matmul_output_mode", 3L));
        var showing = shown.Graph.AddNode(
            "showing",
            node.Operator,
            node.Inputs,
            ["again", "", "", "probabilities"],
            settings
        );
        shown.Graph.AddOutput(showing.Outputs[3]!);
        var expected = PlainRun.Output(shown, s_inputs.Arrays, "probabilities");

        var collected = Run("attention_weight", "h", InterventionType.Collect, null).Collected[0];

        Assert.That(collected.Shape, Is.EqualTo(expected.Shape));
        Assert.That(Difference.Largest(collected.Floats, expected.Floats), Is.LessThanOrEqualTo(1e-6));
    }

    [Test]
    public void A_head_without_attention_is_a_head_that_gives_nothing()
    {
        var unattending = Run(
            "attention_weight",
            "h",
            InterventionType.Zero,
            new UnitLocation([
                [1],
                [3],
            ])
        );
        var silent = Run(
            "head_attention_value_output",
            "h.pos",
            InterventionType.Zero,
            new UnitLocation(
                [
                    [0, 1, 2, 3, 4],
                ],
                [
                    [1],
                    [3],
                ]
            )
        );

        Assert.That(
            Difference.Largest(unattending.Intervened.Logits.Floats, silent.Intervened.Logits.Floats),
            Is.LessThanOrEqualTo(1e-5)
        );
        Assert.That(
            Difference.Largest(silent.Intervened.Logits.Floats, silent.Original!.Logits.Floats),
            Is.GreaterThan(1e-2)
        );
        Assert.That(
            Difference.Largest(unattending.Original!.Logits.Floats, silent.Original.Logits.Floats),
            Is.LessThanOrEqualTo(1e-5)
        );
    }

    private static RunResult Run(string component, string unit, InterventionType type, UnitLocation? location)
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Save(SmallTransformer.WithAttention(), folder.File("model.onnx"));
        var config = new IntervenableConfig
        {
            Representations =
            [
                new()
                {
                    Layer = 1,
                    Component = component,
                    Unit = unit,
                    InterventionType = type,
                },
            ],
        };
        using var model = IntervenableModel.Load(
            folder.File("model.onnx"),
            config,
            new ExecutionOptions { Threads = 1 }
        );
        return model.Run(
            s_inputs,
            null,
            new UnitLocations([location], [location]),
            new RunSettings { OutputOriginalOutput = true }
        );
    }
}
