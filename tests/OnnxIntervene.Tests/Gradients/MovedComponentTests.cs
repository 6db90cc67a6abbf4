using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>A gradient's run moves a component as an addition does, wherever the export has it.</summary>
public sealed class MovedComponentTests
{
    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [3, 14, 15, 9, 26],
        [5, 35, 8, 97, 9],
    ]);

    private static readonly LogitDifferenceLoss s_loss = new(
        NumericArray.Of(new long[] { 7, 3 }, 2),
        NumericArray.Of(new long[] { 1, 5 }, 2)
    );

    [TestCase("gpt2/dynamo/model.onnx")]
    [TestCase("gpt2/ort-fused/model.onnx")]
    [TestCase("gpt_neox/optimum/model.onnx")]
    [TestCase("opt/optimum/model.onnx")]
    [TestCase("llama/genai-fp32/model.onnx")]
    public void A_moved_component_is_what_an_addition_makes_of_it(string export)
    {
        using var model = ReferenceExports.Load(export);
        ImmutableArray<ComponentAddress> moved =
        [
            new(0, "block_output"),
            new(1, "query_output"),
            new(1, "value_output"),
            new(1, "attention_value_output"),
            new(1, "mlp_input"),
        ];
        using var session = GradientSession.Open(
            model,
            s_loss,
            new GradientTargets
            {
                Components = moved,
                Moved = moved,
                Read = moved,
            }
        );
        ImmutableArray<NumericArray> none =
        [
            .. moved.Select(address => Filled(model.Components.Get(address).FullWidth, _ => 0)),
        ];

        var plain = session.RunMoved(s_inputs, s_loss, none, default);
        for (var index = 0; index < moved.Length; index++)
        {
            var move = Filled(model.Components.Get(moved[index]).FullWidth, place => 0.3f * MathF.Cos(3 * place));
            var result = session.RunMoved(s_inputs, s_loss, none.SetItem(index, move), default);

            var expected = Loss(model, moved[index], move);
            Assert.That(result.Loss, Is.EqualTo(expected).Within(1e-4), $"{moved[index]}");
            Assert.That(Math.Abs(result.Loss - plain.Loss), Is.GreaterThan(1e-4), $"{moved[index]}");
            var (before, after) = (plain.Values[moved[index]], result.Values[moved[index]]);
            for (var place = 0; place < before.Length; place++)
                Assert.That(after.Floats[place] - before.Floats[place], Is.EqualTo(move.Floats[place]).Within(1e-4));
        }
    }

    private static NumericArray Filled(int width, Func<int, float> value) =>
        NumericArray.Of(Enumerable.Range(0, 2 * 5 * width).Select(value).ToArray(), 2, 5, width);

    private static double Loss(LoadedModel model, ComponentAddress address, NumericArray added)
    {
        var config = new IntervenableConfig
        {
            Representations =
            [
                new RepresentationConfig
                {
                    Layer = address.Layer,
                    Component = address.Name,
                    InterventionType = InterventionType.Addition,
                    SourceRepresentation = added,
                },
            ],
        };
        var logits = model.With(config).Run(s_inputs).Intervened.Logits;
        return Enumerable
            .Range(0, 2)
            .Average(row =>
                (double)logits.RowAt(row, -1).Span[(int)s_loss.Tokens.Integers[row]]
                - logits.RowAt(row, -1).Span[(int)s_loss.Others.Integers[row]]
            );
    }
}
