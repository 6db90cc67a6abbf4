using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>
/// What a graph computes is enough to find components: the same tensors with every name replaced by a random one.
/// </summary>
public sealed class RenamingTests
{
    private static readonly Lock s_lock = new();
    private static readonly SortedDictionary<string, (int Found, int All)> s_counts = new(StringComparer.Ordinal);

    public static IEnumerable<TestCaseData> Exports() =>
        ReferenceFamily
            .All(RepositoryPaths.References)
            .SelectMany(family =>
                family.Exports.Select(export => new TestCaseData(export).SetArgDisplayNames(family.Name, export.Name))
            );

    [TestCaseSource(nameof(Exports))]
    public void Components_are_found_without_names(ReferenceExport export)
    {
        var model = OnnxFile.Load(export.ModelPath);
        var expected = ComponentMap.Find(model).Components;
        var anonymous = AnonymousModel.Of(model);
        var found = ComponentMap.Find(anonymous.Model).Components.ToDictionary(component => component.Address);

        List<string> wrong = [];
        foreach (var component in expected)
        {
            var isSame =
                found.TryGetValue(component.Address, out var other)
                && (other.Width, other.Heads, other.Unit) == (component.Width, component.Heads, component.Unit)
                && Places(other.Source, value => value) == Places(component.Source, value => anonymous[value]);
            Count(component.Address.Name, isSame);
            if (!isSame)
                wrong.Add(
                    $"{component.Address}: {component.Source.Description} became "
                        + $"{other?.Source.Description ?? "nothing"}"
                );
        }

        Assert.That(expected, Is.Not.Empty);
        Assert.That(wrong, Is.Empty, string.Join(Environment.NewLine, wrong));
    }

    [OneTimeTearDown]
    public void Report_how_often_each_component_is_found()
    {
        var lines = s_counts
            .Select(entry => $"{entry.Key, -34} {entry.Value.Found, 4} / {entry.Value.All, -4} without names")
            .ToList();
        File.WriteAllLines(Path.Combine(TestContext.CurrentContext.WorkDirectory, "renaming-coverage.txt"), lines);
        foreach (var line in lines)
            TestContext.Progress.WriteLine(line);
    }

    private static void Count(string component, bool isFound)
    {
        lock (s_lock)
        {
            var (found, all) = s_counts.GetValueOrDefault(component);
            s_counts[component] = (found + (isFound ? 1 : 0), all + 1);
        }
    }

    // The source in words of the renamed model's values.
    private static string Places(ComponentSource source, Func<Value, Value> translate) =>
        source switch
        {
            TensorSource tensor => translate(tensor.Value).Name,
            SliceSource slice => $"{translate(slice.Value).Name} {slice.Start}:{slice.End}",
            SplitHeadsSource split => $"{translate(split.Value).Name} {split.Heads}x{split.HeadWidth}",
            InterleavedSource packed =>
                $"{translate(packed.Value).Name} {packed.Heads}x{packed.HeadWidth} {packed.Part}",
            InputSource input => $"{translate(input.Value).Name} "
                + $"{string.Join(' ', input.Readers.Select(reader => translate(reader.Output).Name))}",
            FlatSource flat => $"{translate(flat.Value).Name} {translate(flat.Batch).Name}",
            ResidualSumSource sum => $"sum {translate(sum.Node.Output).Name}",
            ResidualPartSource part => $"part {translate(part.Node.Output).Name}",
            AttentionProbabilitySource probabilities => $"probabilities {translate(probabilities.Node.Output).Name}",
            PackedAttentionSource packed => $"{packed.Part} {translate(packed.Node.Output).Name}",
            RecurrentSource recurrent => translate(recurrent.Node.Output).Name,
            StepsSource steps => string.Join(' ', steps.States.Select(state => translate(state).Name)),
            BranchSource branches => string.Join(" | ", branches.Sources.Select(inner => Places(inner, translate))),
            _ => throw new ArgumentOutOfRangeException(nameof(source)),
        };
}
