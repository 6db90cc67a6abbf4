using OnnxIntervene.Components.Inspection;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>Every tensor is listed, and what the list infers is what the exporter wrote.</summary>
public sealed class TensorDescriptionTests
{
    [TestCaseSource(nameof(Exports))]
    public void What_is_inferred_without_types_is_what_the_file_says(ReferenceExport export)
    {
        var model = OnnxFile.Load(export.ModelPath);
        var anonymous = AnonymousModel.Of(model);
        var inferred = TensorDescription.All(anonymous.Model).ToLookup(tensor => tensor.Name);
        List<string> wrong = [];

        // Some exporters declare constants as scalars that are none.
        foreach (
            var value in model
                .Graph.AllValues()
                .Where(value => value is { Producer.Operator.OperatorType: not "Constant", Type.Shape: not null })
        )
        {
            var tensor = inferred[anonymous[value].Name].Single();
            var (shape, type) = (value.Type!.Shape!, value.Type.ElementType);
            var isRight =
                tensor.ElementType == type
                && (
                    tensor.Shape is not { } sizes
                    || (
                        sizes.Length == shape.Rank
                        && (
                            sizes.Length == 0
                            || sizes[^1].Size is not { } width
                            || shape[-1].Size is null
                            || shape[-1].Size == width
                        )
                    )
                );
            if (!isRight)
                wrong.Add(
                    $"{value} made by {value.Producer} was taken for {tensor.ElementType} "
                        + $"{(tensor.Shape is { } taken ? string.Join(", ", taken) : "?")}"
                );
        }

        Assert.That(wrong, Is.Empty, string.Join(Environment.NewLine, wrong));
    }

    [Test]
    public void Tensors_of_branches_are_listed_with_the_node_that_holds_them()
    {
        var model = OnnxFile.Load(
            Path.Combine(RepositoryPaths.OwnReferences, "families", "t5-decoder", "optimum-merged", "model.onnx")
        );

        var tensors = TensorDescription.All(model);

        Assert.That(tensors.Count(tensor => tensor.Branch is not null), Is.GreaterThan(500));
        Assert.That(
            tensors.Where(tensor => tensor.Origin == "input" && tensor.Branch is null).Select(tensor => tensor.Name),
            Does.Contain("use_cache_branch")
        );
        Assert.That(tensors.Count(tensor => tensor.Origin == "weight"), Is.GreaterThan(20));
    }

    public static IEnumerable<TestCaseData> Exports() => RenamingTests.Exports();
}
