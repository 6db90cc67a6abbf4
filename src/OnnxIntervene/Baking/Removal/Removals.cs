using System.Collections.Immutable;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Baking.Removal;

/// <summary>Makes a model smaller by what its layers no longer read.</summary>
internal static class Removals
{
    /// <summary>Removes what some requests name; says of each what went with it.</summary>
    /// <returns>What stays of inputs and outputs that became smaller, and what was done, in words.</returns>
    /// <exception cref="InterventionException">Something cannot go; the message has the reason.</exception>
    public static (ImmutableDictionary<string, AxisMark> Marks, ImmutableArray<string> Texts) Apply(
        Model model,
        TypeInference types,
        LinearLayers layers,
        IEnumerable<RemovalRequest> requests
    )
    {
        var (graph, names) = (model.Graph, NameScope.Of(model));
        var marks = ImmutableDictionary.CreateBuilder<string, AxisMark>(StringComparer.Ordinal);
        // All is planned on the graph as it was.
        var plans = requests.Select(request => Plan(graph, types, layers, request)).ToList();
        var texts = ImmutableArray.CreateBuilder<string>();
        foreach (var plan in plans)
        {
            texts.Add($"{plan.What}: {new RemovalRewrite(graph, plan, names).Apply()}");
            foreach (var (value, mark) in plan.Marks)
            {
                if (graph.IsInput(value) || graph.IsOutput(value))
                    marks[value.Name] = mark;
            }
        }

        return (marks.ToImmutable(), texts.ToImmutable());
    }

    private static RemovalPlan Plan(Graph graph, TypeInference types, LinearLayers layers, RemovalRequest request)
    {
        var plan = RemovalPlan.Of(graph, types, layers, request.Value, Mark(types, request), request.What);
        if (plan.Rows.Keys.FirstOrDefault(node => !request.Readers.Contains(node)) is { } other)
            throw plan.Refusal($"{other} reads something that would go with it, and is not ablated");
        return plan;
    }

    private static AxisMark Mark(TypeInference types, RemovalRequest request)
    {
        var axes = types.FactsOf(request.Value).Axes?.Select(size => size.Number).ToArray() ?? [];
        var heads = axes is [_, _, { }, { } width] ? (int)width : 1;
        var size = axes is [.., { } last] ? (int)last * (heads > 1 ? (int)axes[2]!.Value : 1) : 0;
        var mark = new AxisMark(
            axes.Length - (heads > 1 ? 2 : 1),
            size,
            [.. Enumerable.Range(0, size).Where(entry => !request.Entries.Contains(entry))]
        );
        if (mark.Kept.IsEmpty)
            throw RemovalPlan.Refusal(
                request.What,
                $"nothing of the {size} entries of '{request.Value.Name}' would stay"
            );
        return mark.Narrowed(heads) ?? throw RemovalPlan.Refusal(request.What, "a part of a head would stay");
    }
}
