using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Probing;
using OnnxIntervene.Steering;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Steering;

/// <summary>Steering vectors: how they are fitted, and their files.</summary>
public sealed class SteeringTests
{
    private static readonly NumericArray s_positive = NumericArray.Of(
        new float[] { 3, 1, 0, 5, 1, 1, 7, 1, -1, 1, 1, 0 },
        4,
        3
    );
    private static readonly NumericArray s_negative = NumericArray.Of(
        new float[] { 1, 1, 0, 1, 1, 1, 1, 1, -1, 1, 1, 0 },
        4,
        3
    );

    [Test]
    public void Means_are_subtracted()
    {
        Assert.That(
            SteeringMethod.DifferenceOfMeans.Fit(s_positive, s_negative).Floats.ToArray(),
            Is.EqualTo(new[] { 3f, 0, 0 })
        );
        Assert.That(
            SteeringMethod.MeanCentred.Fit(s_positive, s_negative).Floats.ToArray(),
            Is.EqualTo(new[] { 1.5f, 0, 0 })
        );
    }

    [Test]
    public void The_principal_component_is_where_differences_vary_and_points_to_the_positive()
    {
        var direction = SteeringMethod.PrincipalComponent.Fit(s_positive, s_negative).Floats.ToArray();
        var turned = SteeringMethod.PrincipalComponent.Fit(s_negative, s_positive).Floats.ToArray();

        Assert.That(direction, Is.EqualTo(new[] { 1f, 0, 0 }).Within(1e-6));
        Assert.That(turned, Is.EqualTo(new[] { -1f, 0, 0 }).Within(1e-6));
    }

    [Test]
    public void Examples_without_a_difference_have_no_direction() =>
        Assert.That(
            () => SteeringMethod.PrincipalComponent.Fit(s_positive, s_positive),
            Throws.TypeOf<InterventionException>().With.Message.Contains("same values")
        );

    [TestCase(".safetensors")]
    [TestCase(".gguf")]
    public void A_file_holds_what_was_written(string ending)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("vector" + ending);
        var vector = new SteeringVector(
            SteeringVector.Stream,
            ImmutableSortedDictionary<int, NumericArray>
                .Empty.Add(2, NumericArray.Of(new float[] { 1, -2, 3 }, 3))
                .Add(11, NumericArray.Of(new float[] { 4, 5, 6.5f }, 3))
        );

        SteeringVectorFile.Write(path, vector);
        var read = SteeringVectorFile.Read(path);

        Assert.That(read.Component, Is.EqualTo(SteeringVector.Stream));
        Assert.That(read.Directions.Keys, Is.EqualTo(new[] { 2, 11 }));
        Assert.That(read.Directions[11].Floats.ToArray(), Is.EqualTo(new[] { 4, 5, 6.5f }));
        Assert.That(read.AtLayers([2]).Directions.Keys, Is.EqualTo(new[] { 2 }));
        Assert.That(() => read.AtLayers([3]), Throws.TypeOf<InterventionException>().With.Message.Contains("layer 3"));
    }

    [Test]
    public void A_control_vector_cannot_hold_another_component() =>
        Assert.That(
            () => SteeringVectorFile.CheckPath("vector.gguf", "mlp_output"),
            Throws.TypeOf<InterventionException>().With.Message.Contains("safetensors")
        );

    [Test]
    public void A_fitted_direction_tells_its_examples_apart_and_fits_the_model()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        var examples = new SteeringExamples(
            [Prompt("A young salmon is called a"), Prompt("A young elephant is called a")],
            [Prompt("The company Volvo makes"), Prompt("The Space Needle is located in the city of")]
        );

        var fitted = SteeringTraining.Fit(model, examples, [1, 4], SteeringMethod.DifferenceOfMeans);

        Assert.That(fitted.Separations.Values, Is.All.EqualTo(1));
        Assert.That(fitted.Vector.Directions[4].Length, Is.EqualTo(192));
        fitted.Vector.Require(model.Components);
        var narrow = SteeringVector.At(1, NumericArray.Of(new float[3], 3));
        Assert.That(
            () => narrow.Require(model.Components),
            Throws.TypeOf<InterventionException>().With.Message.Contains("192")
        );

        StudyPrompt Prompt(string text) => StudyPrompt.Of(PromptText.Of(text, model.Tokenizer));
    }

    [Test]
    public void Examples_that_do_not_differ_are_refused_by_every_method()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        var text = StudyPrompt.Of(PromptText.Of("A young salmon", model.Tokenizer));
        SteeringMethod[] methods =
        [
            SteeringMethod.DifferenceOfMeans,
            SteeringMethod.MeanCentred,
            SteeringMethod.PrincipalComponent,
            LogisticDirection.Method,
        ];

        foreach (var method in methods)
            Assert.That(
                () => SteeringTraining.Fit(model, new SteeringExamples([text], [text]), [2], method),
                Throws.TypeOf<InterventionException>().With.Message.Contains("block_output of layer 2"),
                method.Name
            );
    }

    [Test]
    public void The_large_models_vector_is_the_difference_of_means_in_torch()
    {
        var golden = GoldenModel.Large();
        using var model = LoadedModel.Load(golden.Folder);
        var item = golden.Goldens.Cases.Single(known => known.Kind == "difference_of_means");
        var examples = new SteeringExamples(Prompts("positive_input_ids"), Prompts("negative_input_ids"));

        var fitted = SteeringTraining.Fit(model, examples, [14], SteeringMethod.DifferenceOfMeans);

        var expected = golden.Goldens.Tensor(item.Expected("vector")).Floats.ToArray();
        Assert.That(fitted.Vector.Normalized().Directions[14].Floats.ToArray(), Is.EqualTo(expected).Within(1e-4));

        ImmutableArray<StudyPrompt> Prompts(string name) =>
            [
                .. item
                    .Json.GetProperty("inputs")
                    .GetProperty(name)
                    .EnumerateArray()
                    .Select(tensor => golden.Goldens.Tensor(tensor.GetString()!).Integers.ToArray())
                    .Select(ids => StudyPrompt.Of(PromptText.OfIds([.. ids.Select(id => (int)id)]))),
            ];
    }
}
