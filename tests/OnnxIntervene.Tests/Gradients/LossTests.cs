using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Gradients;

/// <summary>
/// Losses are what their formulas say of the model's own logits, and their gradients foretell what a small change of a
/// component does.
/// </summary>
public sealed class LossTests
{
    private const string Export = "gpt2/optimum/model.onnx";
    private static readonly ComponentAddress s_component = new(1, "block_output");

    private static readonly GradientTargets s_targets = GradientTargets.Of("block_output", 1);

    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [3, 14, 15, 9, 26],
        [5, 35, 8, 97, 9],
    ]);

    private static readonly NumericArray s_positions = NumericArray.Of(new long[] { 1, 4, 0, 2 }, 2, 2);
    private static readonly NumericArray s_labels = NumericArray.Of(new long[] { 7, 3, 11, 2 }, 2, 2);
    private static readonly NumericArray s_others = NumericArray.Of(new long[] { 1, 0, 4, 6 }, 2, 2);

    private static readonly (int Example, int Position)[] s_rows = [(0, 1), (0, 4), (1, 0), (1, 2)];

    public static IEnumerable<TestCaseData> Losses()
    {
        using var model = ReferenceExports.Load(Export);
        var logits = Logits(model, null);
        var width = logits.Shape[2];
        var distribution = new float[4 * width];
        for (var row = 0; row < 4; row++)
            (distribution[row * width], distribution[(row * width) + 5]) = (0.25f, 0.75f);
        var target = logits.Floats.ToArray().Select((_, index) => (float)Math.Sin(index)).ToArray();

        yield return Case(
            new CrossEntropyLoss(s_labels) { Positions = s_positions },
            outputs => s_rows.Select((at, row) => -LogProbability(outputs, at, s_labels.Integers[row])).Average()
        );
        yield return Case(
            new CrossEntropyLoss(NumericArray.Of(new long[] { 7, 3 }, 2)),
            outputs => -(LogProbability(outputs, (0, 4), 7) + LogProbability(outputs, (1, 4), 3)) / 2
        );
        yield return Case(
            new LogitDifferenceLoss(s_labels, s_others) { Positions = s_positions },
            outputs =>
                s_rows
                    .Select(
                        (at, row) =>
                            Row(outputs, at)[(int)s_labels.Integers[row]]
                            - Row(outputs, at)[(int)s_others.Integers[row]]
                    )
                    .Average()
        );
        yield return Case(
            new DivergenceLoss(NumericArray.Of(distribution, 4, width)) { Positions = s_positions },
            outputs =>
                s_rows
                    .Select(at =>
                        (0.25 * (Math.Log(0.25) - LogProbability(outputs, at, 0)))
                        + (0.75 * (Math.Log(0.75) - LogProbability(outputs, at, 5)))
                    )
                    .Average()
        );
        yield return Case(
            new SquaredErrorLoss(NumericArray.Of(target, [.. logits.Shape])),
            outputs => outputs.Floats.ToArray().Zip(target, (left, right) => Math.Pow(left - right, 2)).Average()
        );
    }

    public static IEnumerable<TestCaseData> TokenLosses()
    {
        yield return Case(
            new TokenLoss(s_labels, TokenScale.Logit) { Positions = s_positions },
            outputs => s_rows.Select((at, row) => (double)Row(outputs, at)[(int)s_labels.Integers[row]]).Average()
        );
        yield return Case(
            new TokenLoss(s_labels, TokenScale.LogProbability) { Positions = s_positions },
            outputs => s_rows.Select((at, row) => LogProbability(outputs, at, s_labels.Integers[row])).Average()
        );
    }

    [TestCaseSource(nameof(Losses))]
    [TestCaseSource(nameof(TokenLosses))]
    public void A_loss_is_its_formula_and_its_gradient_foretells_a_change(Loss loss, Func<NumericArray, double> formula)
    {
        const float step = 0.02f;
        using var model = ReferenceExports.Load(Export);

        var result = GradientSession.Of(model, s_inputs, loss, s_targets);

        var gradient = result.Components[s_component].Floats;
        var direction = gradient.ToArray().Select((_, index) => (float)Math.Cos(3 * index)).ToArray();
        var foretold = gradient.ToArray().Zip(direction, (slope, change) => (double)slope * change).Sum();
        var found = (formula(Logits(model, Scaled(step))) - formula(Logits(model, Scaled(-step)))) / (2 * step);
        Assert.That(result.Loss, Is.EqualTo(formula(Logits(model, null))).Within(1e-4));
        Assert.That(Math.Abs(foretold), Is.GreaterThan(1e-3));
        Assert.That(foretold, Is.EqualTo(found).Within(0.01 * (Math.Abs(found) + 0.1)));

        float[] Scaled(float factor) => [.. direction.Select(change => factor * change)];
    }

    [Test]
    public void A_session_runs_inputs_of_other_sizes_and_other_labels()
    {
        using var model = ReferenceExports.Load(Export);
        var loss = new CrossEntropyLoss(NumericArray.Of(new long[] { 7, 3 }, 2));
        using var session = GradientSession.Open(model, loss, s_targets);

        var both = session.Run(s_inputs, loss);
        var first = session.Run(
            ModelInputs.FromTokens([3, 14, 15, 9, 26]),
            new CrossEntropyLoss(NumericArray.Of(new long[] { 7 }, 1))
        );

        // A mean over two examples halves the gradient of each.
        var half = both.Of(1, "block_output").Row(0).Floats;
        var whole = first.Of(1, "block_output").Row(0).Floats;
        for (var index = 0; index < half.Length; index++)
            Assert.That(2 * half[index], Is.EqualTo(whole[index]).Within(1e-5));
    }

    // d p = p d log p.
    [Test]
    public void A_probabilitys_gradient_is_that_of_its_logarithm_times_itself()
    {
        using var model = ReferenceExports.Load(Export);
        var inputs = ModelInputs.FromTokens([3, 14, 15, 9, 26]);
        var likeliest = model.TopTokens(Logits(model, null), 1).Tokens[0].Id;
        var token = NumericArray.Of(new long[] { likeliest }, 1);

        var logarithm = GradientSession.Of(model, inputs, new TokenLoss(token, TokenScale.LogProbability), s_targets);
        var probability = GradientSession.Of(model, inputs, new TokenLoss(token, TokenScale.Probability), s_targets);

        Assert.That(probability.Loss, Is.EqualTo(Math.Exp(logarithm.Loss)).Within(1e-6).And.GreaterThan(1e-3));
        var (found, expected) = (probability.Components[s_component], logarithm.Components[s_component]);
        for (var index = 0; index < found.Length; index++)
            Assert.That(found.Floats[index], Is.EqualTo(probability.Loss * expected.Floats[index]).Within(1e-6));
    }

    [Test]
    public void What_does_not_fit_is_refused_with_both_numbers()
    {
        using var model = ReferenceExports.Load(Export);
        var loss = new CrossEntropyLoss(NumericArray.Of(new long[] { 7, 3, 1 }, 3));
        using var session = GradientSession.Open(model, loss, s_targets);

        Assert.That(
            () => session.Run(s_inputs, loss),
            Throws.TypeOf<InterventionException>().With.Message.Contains("2 rows").And.Message.Contains("[3]")
        );
        Assert.That(
            () => session.Run(s_inputs, new OutputLoss()),
            Throws.TypeOf<InterventionException>().With.Message.Contains("opened for another loss")
        );
        Assert.That(
            () => GradientSession.Open(model, loss with { Output = "logit" }, s_targets),
            Throws.TypeOf<InterventionException>().With.Message.Contains("no output 'logit'")
        );
        Assert.That(
            () => GradientSession.Open(model, loss, GradientTargets.Of("block_output", 99)),
            Throws.TypeOf<InterventionException>()
        );
    }

    // The model's logits with something added to the component at every position.
    private static NumericArray Logits(LoadedModel model, float[]? change)
    {
        if (change is null)
            return model.With(new IntervenableConfig { Representations = [] }).Run(s_inputs).Intervened.Logits;
        var (batch, length) = (2, 5);
        var width = change.Length / (batch * length);
        var config = new IntervenableConfig
        {
            Representations =
            [
                new RepresentationConfig
                {
                    Layer = s_component.Layer,
                    Component = s_component.Name,
                    InterventionType = InterventionType.Addition,
                    SourceRepresentation = NumericArray.Of(change, batch, length, width),
                },
            ],
        };
        return model.With(config).Run(s_inputs).Intervened.Logits;
    }

    private static TestCaseData Case(Loss loss, Func<NumericArray, double> formula) =>
        new TestCaseData(loss, formula).SetArgDisplayNames(loss.GetType().Name, formula.Method.Name);

    private static ReadOnlySpan<float> Row(NumericArray logits, (int Example, int Position) at) =>
        logits.Row(at.Example).Row(at.Position).Floats;

    private static double LogProbability(NumericArray logits, (int Example, int Position) at, long token)
    {
        var row = Row(logits, at).ToArray();
        return row[token] - Math.Log(row.Sum(logit => Math.Exp(logit)));
    }
}
