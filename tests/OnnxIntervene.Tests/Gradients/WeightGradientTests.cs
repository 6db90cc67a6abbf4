using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>Gradients by weights follow from those by what the weights compute.</summary>
public sealed class WeightGradientTests
{
    private const string Export = "gpt2/optimum/model.onnx";
    private const string Matrix = "transformer.h.0.mlp.c_proj.weight";
    private const string Shift = "transformer.h.0.mlp.c_proj.bias";

    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [3, 14, 15, 9, 26],
        [5, 35, 8, 97, 9],
    ]);

    private static readonly CrossEntropyLoss s_loss = new(NumericArray.Of(new long[] { 7, 3 }, 2));

    [Test]
    public void A_products_weights_follow_from_what_it_reads_and_what_it_gives()
    {
        using var model = ReferenceExports.Load(Export);
        var targets = GradientTargets.Of("mlp_output", 0) with { Weights = [Matrix, Shift] };

        var result = GradientSession.Of(model, s_inputs, s_loss, targets);

        // y = x W + b: db = Σ dy and dW = xᵀ dy, over examples and positions.
        var (read, given) = (Collected(model, "mlp_activation"), result.Of(0, "mlp_output"));
        var (inner, outer) = (read.Shape[2], given.Shape[2]);
        var (matrix, shift) = (new double[inner * outer], new double[outer]);
        for (var row = 0; row < given.Length / outer; row++)
        {
            for (var column = 0; column < outer; column++)
            {
                var slope = given.Floats[(row * outer) + column];
                shift[column] += slope;
                for (var index = 0; index < inner; index++)
                    matrix[(index * outer) + column] += read.Floats[(row * inner) + index] * slope;
            }
        }

        Assert.That(result.Weights[Matrix].Shape, Is.EqualTo(new[] { inner, outer }));
        Assert.That(result.Weights[Shift].Floats.ToArray(), Is.EqualTo(shift).Within(1e-5));
        Assert.That(result.Weights[Matrix].Floats.ToArray(), Is.EqualTo(matrix).Within(1e-5));
    }

    [Test]
    public void A_weight_that_is_not_there_is_refused()
    {
        using var model = ReferenceExports.Load(Export);

        Assert.That(
            () => GradientSession.Open(model, s_loss, new GradientTargets { Weights = ["none"] }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("no weight 'none'")
        );
        Assert.That(
            () => GradientSession.Open(model, s_loss, new GradientTargets()),
            Throws.TypeOf<InterventionException>().With.Message.Contains("nothing to differentiate by")
        );
    }

    [Test]
    public void An_operator_without_a_rule_is_refused_by_its_node()
    {
        using var model = ReferenceExports.Load("llama-int4/genai-int4/model.onnx");
        var scales = model.Model.Graph.Initializers.First(value =>
            value.Name.Contains("scale") && value.Name.Contains("o_proj")
        );

        Assert.That(
            () => GradientSession.Open(model, s_loss, new GradientTargets { Weights = [scales.Name] }),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains("MatMulNBits node")
                .And.Message.Contains("no rule")
        );
    }

    private static NumericArray Collected(LoadedModel model, string component)
    {
        var config = new IntervenableConfig
        {
            Representations =
            [
                new RepresentationConfig { Component = component, InterventionType = InterventionType.Collect },
            ],
        };
        return model.With(config).Run(s_inputs).Collected[0];
    }
}
