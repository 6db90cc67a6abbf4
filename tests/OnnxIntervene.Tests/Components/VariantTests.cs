using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
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

    // How each family's first export is written covers what exporters write; these others are written in their own
    // ways.
    private static readonly string[] s_others = ["gpt2/dynamo", "llama/dynamo", "gpt_neox/dynamo", "bert/dynamo"];

    private readonly Dictionary<string, Original> _originals = [];

    [OneTimeTearDown]
    public void Forget() => _originals.Clear();

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
        if (!_originals.TryGetValue(export.ModelPath, out var original))
            _originals.Add(export.ModelPath, original = Original.Of(export.ModelPath, inputs));
        var model = OnnxFile.Load(export.ModelPath).Copy();
        ModelVariants.All[variant](model);
        // Few models hold what every variant rewrites; one that stays as it is was read already.
        var pair = original.Is(model) ? original.Again : ReadingPair.Of(model, inputs);

        Assert.That(
            Differences(original.Reading, pair.Named)
                .Select(fault => $"with names: {fault}")
                .Concat(Differences(original.Reading, pair.Nameless)),
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

    private sealed record ReadingPair(ComponentReading Named, ComponentReading Nameless)
    {
        public static ReadingPair Of(Model model, ModelInputs inputs) =>
            new(ComponentReading.Of(model, inputs), ComponentReading.Of(AnonymousModel.Of(model).Model, inputs));
    }

    /// <summary>An export as its file is, and as it is once it was copied and written again.</summary>
    private sealed record Original(ComponentReading Reading, byte[] Bytes, ReadingPair Again)
    {
        public static Original Of(string path, ModelInputs inputs)
        {
            var model = OnnxFile.Load(path).Copy();
            return new Original(ComponentReading.Of(path, inputs), BytesOf(model), ReadingPair.Of(model, inputs));
        }

        public bool Is(Model model) => BytesOf(model).AsSpan().SequenceEqual(Bytes);

        private static byte[] BytesOf(Model model) => OnnxFile.Reference(model).Bytes.ToArray();
    }
}
