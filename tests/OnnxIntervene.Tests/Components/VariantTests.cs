using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>
/// The same computation written in other ways gives the same components: same widths, heads and numbers, with names and
/// without. A
/// component that is not found is said to be missing; none is ever another tensor.
/// </summary>
public sealed class VariantTests
{
    private const double Close = 2e-4;
    private static readonly Dictionary<string, ComponentReading> s_originals = [];

    // How each family's first export is written covers what exporters write; these others are written in their own
    // ways.
    private static readonly string[] s_others = ["gpt2/dynamo", "llama/dynamo", "gpt_neox/dynamo", "bert/dynamo"];

    public static IEnumerable<TestCaseData> Variants() =>
        from family in ReferenceFamily.All(RepositoryPaths.OwnReferences)
        where family.Name is not ("gru" or "mlp")
        from export in family.Exports
        where export == family.Exports[0] || s_others.Contains($"{family.Name}/{export.Name}")
        from variant in ModelVariants.All.Keys
        select new TestCaseData(family, export, variant).SetArgDisplayNames(family.Name, export.Name, variant);

    [TestCaseSource(nameof(Variants))]
    public void Another_way_to_write_a_model_has_the_same_components(
        ReferenceFamily family,
        ReferenceExport export,
        string variant
    )
    {
        var inputs = family.Inputs("b0");
        if (!s_originals.TryGetValue(export.ModelPath, out var original))
            s_originals.Add(export.ModelPath, original = ComponentReading.Of(export.ModelPath, inputs));
        var model = OnnxFile.Load(export.ModelPath).Copy();
        ModelVariants.All[variant](model);
        var named = ComponentReading.Of(model, inputs);
        var nameless = ComponentReading.Of(AnonymousModel.Of(model).Model, inputs);

        Assert.That(
            Differences(original, named)
                .Select(fault => $"with names: {fault}")
                .Concat(Differences(original, nameless)),
            Is.Empty
        );
    }

    private static IEnumerable<string> Differences(ComponentReading expected, ComponentReading actual)
    {
        foreach (var (address, (component, numbers)) in expected.Components)
        {
            if (!actual.Components.TryGetValue(address, out var found))
                yield return $"{address}: not found, "
                    + actual.Missing.FirstOrDefault(missing => missing.Address == address)?.Reason;
            else if (Difference.Largest(found.Numbers.Floats, numbers.Floats) is var difference and not < Close)
                yield return $"{address}: {found.Component.Source.Description} differs by {difference:G3} from "
                    + $"{component.Source.Description}";
            else if ((found.Component.Width, found.Component.Heads) != (component.Width, component.Heads))
                yield return $"{address}: {found.Component.Width} wide with {found.Component.Heads} heads, not "
                    + $"{component.Width} with {component.Heads}";
        }

        foreach (var surplus in actual.Components.Keys.Except(expected.Components.Keys))
            yield return $"{surplus}: not in the original";
    }
}
