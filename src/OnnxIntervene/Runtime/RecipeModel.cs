using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Runtime;

/// <summary>Cuts a spliced model down to what a recipe's runs read.</summary>
internal static class RecipeModel
{
    /// <summary>The part that the recipe asks for; the model itself where it asks for all of it.</summary>
    /// <param name="spliced">The model with the recipe's sites, which is changed.</param>
    /// <param name="recipe">What is wanted.</param>
    public static SplicedModel Of(SplicedModel spliced, SessionRecipe recipe)
    {
        var cut = Cut(spliced, recipe);
        ReshapedConstants.Fold(cut.Model);
        return cut;
    }

    private static SplicedModel Cut(SplicedModel spliced, SessionRecipe recipe)
    {
        var graph = spliced.Model.Graph;
        var first = graph.Outputs[0];
        if (recipe.ChoosesTokens)
            spliced = spliced with { AddedInputs = [ChosenTokens.Gather(spliced.Model, first).Name] };
        if (recipe.ChoosesPositions && CanChoose(spliced.Model, first))
            spliced = spliced with { PositionsInput = ChosenPositions.Gather(spliced.Model, first).Name };
        else if (IsWhole(recipe))
            return spliced;
        var values = graph.AllValues().DistinctBy(value => value.Name).ToDictionary(value => value.Name);
        ImmutableArray<string> start = recipe.Start is { } begin
            ? [.. recipe.From, spliced.Boundaries[begin]]
            : recipe.From;
        var from = start.Select(name => values[name]).ToList();
        var types = new TypeInference();
        var outputs = Outputs(spliced, recipe).ToList();
        if (recipe.End is { } end)
            outputs.Add(values[spliced.Boundaries[end]]);
        outputs.AddRange(recipe.To.Select(name => values[name]));
        outputs = [.. outputs, .. Beside(spliced.Model.Graph, outputs, from)];
        return spliced with
        {
            Inputs = spliced.Inputs.AddRange(start),
            Model = GraphCut.Between(spliced.Model, from, outputs, types.TypeOf, out _),
        };
    }

    private static bool IsWhole(SessionRecipe recipe) =>
        recipe
            is {
                ReadsOnly: false,
                ChoosesTokens: false,
                Outputs.IsDefault: true,
                From.IsEmpty: true,
                To.IsEmpty: true,
                Start: null,
                End: null
            };

    // A node that stays computes its other outputs too. Were they no longer the model's, ONNX Runtime would plan memory
    // for them, and takes the cache that an attention reads for as large as the one that it writes.
    private static IEnumerable<Value> Beside(Graph graph, List<Value> outputs, List<Value> from)
    {
        var nodes = Cone.Before(outputs, from.ToHashSet()).Nodes;
        return graph
            .Outputs.Where(output => output.Producer is { Outputs.Count: > 1 } node && nodes.Contains(node))
            .Except(outputs);
    }

    // Different rows for each example need GatherND with a batch.
    private static bool CanChoose(Model model, Value output) =>
        model.OperatorSetVersion >= ChosenPositions.OldestForExamples
        && ChosenPositions.FindObstacle(model, output) is null;

    private static IEnumerable<Value> Outputs(SplicedModel spliced, SessionRecipe recipe)
    {
        var reads = spliced.Sites.Select(site => site.Read).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return spliced.Model.Graph.Outputs.Where(output =>
            reads.Contains(output.Name)
            || (!recipe.ReadsOnly && (recipe.Outputs.IsDefault || recipe.Outputs.Contains(output.Name)))
        );
    }
}
