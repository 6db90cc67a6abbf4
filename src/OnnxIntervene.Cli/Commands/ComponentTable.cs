using System.Collections.Immutable;
using System.Text.RegularExpressions;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The components of a map as a table, in which layers that are alike are one group of rows.</summary>
internal sealed partial class ComponentTable(ComponentMap map, ImmutableArray<int> unfolded)
{
    public void Write(Terminal terminal)
    {
        var groups = new List<(int First, int Last, List<Component> Rows)>();
        foreach (var layer in map.Components.GroupBy(item => (item.Address.Stack, item.Address.Layer)))
        {
            var (rows, number) = (layer.ToList(), layer.Key.Layer);
            if (
                groups.Count > 0
                && groups[^1] is var (first, last, known)
                && last == number - 1
                && !unfolded.Contains(number)
                && !unfolded.Contains(last)
                && AreAlike(known, rows)
            )
                groups[^1] = (first, number, known);
            else
                groups.Add((number, number, rows));
        }

        terminal.WriteTable(
            ["layer", "component", "width", "heads", "unit", "tensor"],
            groups.SelectMany(group => group.Rows.Select(item => Row(item, group.First, group.Last))),
            elidesNames: true
        );
        if (groups.Exists(group => group.First < group.Last))
            terminal.Output.WriteLine(
                "Layers that are alike are shown once, with the first one's tensors; --layers 0-5,7 shows each."
            );
    }

    private static string[] Row(Component item, int first, int last) =>
        [
            first == last ? $"{first}" : $"{first}-{last}",
            item.Address.FullName,
            item.Width > 0 ? $"{item.Width}" : "",
            item.Heads > 0 ? $"{item.Heads}" : "",
            item.Unit,
            item.Source.Description,
        ];

    // The first layer's input comes from the embeddings, and is called otherwise.
    private static bool AreAlike(List<Component> first, List<Component> second) =>
        first.Count == second.Count
        && first
            .Zip(second)
            .All(pair =>
                pair.First.Address.FullName == pair.Second.Address.FullName
                && pair.First.Width == pair.Second.Width
                && pair.First.Heads == pair.Second.Heads
                && pair.First.Unit == pair.Second.Unit
                && (pair.First.Address.Name == ComponentNames.BlockInput || Stem(pair.First) == Stem(pair.Second))
            );

    // Names of tensors differ by numbers: the layer's, and those that exporters count.
    private static string Stem(Component item) => Numbers().Replace(item.Source.Description, "#");

    [GeneratedRegex(@"_?\d+")]
    private static partial Regex Numbers();
}
