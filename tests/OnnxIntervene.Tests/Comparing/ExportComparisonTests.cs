using OnnxIntervene.Comparing;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Comparing;

/// <summary>Exports of one model are compared with each other.</summary>
public sealed class ExportComparisonTests
{
    // The only one of the references whose exporter left something out.
    private const string Different = "gemma2";

    private static IEnumerable<TestCaseData> Pairs() =>
        from family in ReferenceFamily.All(RepositoryPaths.References)
        where family.Name != Different
        from other in family.Exports.Skip(Math.Min(1, family.Exports.Length - 1))
        select new TestCaseData(family, family.Exports[0], other).SetArgDisplayNames(
            family.Name,
            family.Exports[0].Name,
            other.Name
        );

    [TestCaseSource(nameof(Pairs))]
    public void Exports_of_one_model_part_nowhere_by_more_than_rounding_explains(
        ReferenceFamily family,
        ReferenceExport first,
        ReferenceExport second
    )
    {
        var result = Compare(family, first, second);

        Assert.That(result.First, Is.Null, $"{result.First}");
        Assert.That(result.Components, Is.Not.Empty);
        // Far below what is explained, so that the floor is no accident.
        Assert.That(
            result.Components.Max(component => component.LocalError),
            Is.LessThan(result.Limits.IsQuantized ? 1e-2 : result.Limits.Floor / 10)
        );
        Assert.That(result.Output!.SharesIn, Is.Null);
    }

    [TestCase("optimum")]
    [TestCase("optimum-past")]
    public void The_export_without_the_cap_on_attention_logits_parts_in_attention_alone(string export)
    {
        var family = ReferenceFamily.All(RepositoryPaths.References).Single(item => item.Name == Different);

        var result = Compare(
            family,
            family.Exports.Single(item => item.Name == "dynamo"),
            family.Exports.Single(item => item.Name == export)
        );

        Assert.That(result.First!.Address, Is.EqualTo(new ComponentAddress(0, "attention_weight")));
        Assert.That(
            result.Parting.Select(component => component.Address),
            Is.EqualTo(Enumerable.Range(0, 3).Select(layer => new ComponentAddress(layer, "attention_weight")))
        );
        Assert.That(result.MainCause!.Address.Name, Is.EqualTo("attention_weight"));
        Assert.That(result.Output!.PartsByItself, Is.False);
        // What is computed from other weights differs as much, but not by itself.
        var mixed = result.Components.Single(item => item.Address == new ComponentAddress(0, "attention_output"));
        Assert.That(mixed.RelativeError, Is.GreaterThan(result.Limits.Floor));
        Assert.That(mixed.LocalError, Is.LessThan(result.Limits.Floor / 10));
    }

    [Test]
    public void Padding_is_not_compared()
    {
        var family = ReferenceFamily.All(RepositoryPaths.References).Single(item => item.Name == "llama");
        var (first, second) = (family.Exports[0], family.Exports[1]);
        var padded = family.Inputs("pad-left");

        using var a = LoadedModel.Load(first.ModelPath);
        using var b = LoadedModel.Load(second.ModelPath);
        var result = ModelComparison.Run(a, b, new ModelComparisonRequest { Prompts = [padded] });

        Assert.That(result.Positions, Is.EqualTo(padded.Arrays["attention_mask"].Integers.ToArray().Sum()));
        Assert.That(result.Positions, Is.LessThan(padded.Tokens.Length));
        Assert.That(result.First, Is.Null);
    }

    private static ModelComparisonResult Compare(ReferenceFamily family, ReferenceExport first, ReferenceExport second)
    {
        using var a = LoadedModel.Load(first.ModelPath);
        using var b = LoadedModel.Load(second.ModelPath);
        return ModelComparison.Run(
            a,
            b,
            new ModelComparisonRequest { Prompts = [family.Inputs(family.Cases[0].Base)] }
        );
    }
}
