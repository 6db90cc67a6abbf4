using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Repository;

/// <summary>The README's map of families and exports is the references' own.</summary>
public sealed class CoverageMapTests
{
    // Family, exports, components, notes.
    private static readonly Dictionary<string, string[]> s_rows = File.ReadAllLines(
            Path.Combine(RepositoryPaths.Root, "README.md")
        )
        .SkipWhile(line => !line.StartsWith("| family | exports |", StringComparison.Ordinal))
        .Skip(2)
        .TakeWhile(line => line.StartsWith('|'))
        .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
        .ToDictionary(cells => cells[0]);

    private static readonly List<ReferenceFamily> s_families = [.. ReferenceFamily.All(RepositoryPaths.OwnReferences)];

    [Test]
    public void Every_family_and_export_is_in_the_map_and_no_other()
    {
        var expected = s_families.Select(family =>
            $"{family.Name}: {string.Join(", ", family.Exports.Select(export => export.Name))}"
        );

        Assert.That(
            s_rows.Values.Where(cells => cells[0] != GoldenModel.LargeName).Select(cells => $"{cells[0]}: {cells[1]}"),
            Is.EquivalentTo(expected)
        );
    }

    [Test]
    public void The_map_names_the_components_that_are_found()
    {
        List<string> wrong = [];
        foreach (var family in s_families)
        {
            foreach (var export in family.Exports)
            {
                var found = ComponentMap
                    .Find(OnnxFile.Load(export.ModelPath))
                    .Components.Select(component => component.Address.Name)
                    .ToHashSet();
                var named = Named(s_rows[family.Name][2], export.Name);
                wrong.AddRange(
                    named
                        .Where(name => !found.Contains(name))
                        .Select(name => $"{family.Name} {export.Name} has no {name}")
                );
                wrong.AddRange(
                    found
                        .Except(named)
                        // Between two additions that are proved: see TransformerLensTests.
                        .Where(name => name != ComponentNames.ResidMid)
                        .Select(name => $"{family.Name} {export.Name}: the map does not name {name}")
                );
            }
        }

        Assert.That(wrong, Is.Empty, string.Join(Environment.NewLine, wrong));
    }

    [TestCaseSource(nameof(Counting))]
    public void What_is_refused_is_what_the_map_says(string family, string[] operators)
    {
        var notes = s_rows[family][3];

        foreach (var name in operators)
            Assert.That(notes, Does.Contain(name));
        Assert.That(notes.Contains("left padding refused", StringComparison.Ordinal), Is.EqualTo(operators.Length > 0));
    }

    public static IEnumerable<TestCaseData> Counting() =>
        s_families.Select(family => new TestCaseData(
            family.Name,
            family
                .Exports.SelectMany(export => CountedMask.All(OnnxFile.Load(export.ModelPath).Graph))
                .Select(mask => mask.Operator)
                .Distinct()
                .ToArray()
        ));

    // Words stand for sets of components; "without" takes some away again, from one export when it stands before.
    private static HashSet<string> Named(string cell, string export)
    {
        var names = new HashSet<string>();
        foreach (var part in cell.Split(';', StringSplitOptions.TrimEntries))
        {
            var quoted = part.Split('`').Where((_, index) => index % 2 == 1);
            if (part == "transformer")
                names.UnionWith(
                    ComponentNames
                        .OfLayer.Where(IsUsual)
                        .Concat(ComponentNames.WithHeads.Select(name => ComponentNames.HeadPrefix + name))
                );
            else if (part == "cross-attention")
                names.UnionWith(Cross());
            else if (
                part.StartsWith("without", StringComparison.Ordinal)
                || part.StartsWith($"{export} without", StringComparison.Ordinal)
            )
                names.ExceptWith(quoted);
            else if (!part.Contains("without", StringComparison.Ordinal))
                names.UnionWith(quoted);
        }

        return names;
    }

    private static bool IsUsual(string name) =>
        !name.StartsWith(ComponentNames.CrossPrefix, StringComparison.Ordinal)
        && name
            is not (
                ComponentNames.MixerInput
                or ComponentNames.MixerOutput
                or ComponentNames.InProjOutput
                or ComponentNames.ConvOutput
                or ComponentNames.OutProjInput
                or ComponentNames.RouterOutput
                or ComponentNames.CellOutput
                or ComponentNames.ResidMid
            );

    private static IEnumerable<string> Cross() =>
        ComponentNames
            .OfLayer.Where(name => name.StartsWith(ComponentNames.CrossPrefix, StringComparison.Ordinal))
            .Concat(
                ComponentNames.WithHeads.Select(name => ComponentNames.HeadPrefix + ComponentNames.CrossPrefix + name)
            );
}
