using System.Collections.Immutable;
using OnnxIntervene.Baking.Removal;
using OnnxIntervene.Baking.Weights;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Planning;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Baking;

/// <summary>
/// Takes interventions into weights and biases: a file of the original's operators, as fast as the original.
/// </summary>
internal sealed class FoldedBake
{
    private readonly IntervenableModel _model;
    private readonly FoldGraph _graph;
    private readonly CopiedSources _copies;
    private readonly bool _removes;
    private readonly List<(ConstantSite Site, RemovalRequest Request)> _removals = [];

    private FoldedBake(IntervenableModel model, FoldGraph graph, CopiedSources copies, bool removes) =>
        (_model, _graph, _copies, _removes) = (model, graph, copies, removes);

    /// <summary>Folds the interventions in the order in which they act.</summary>
    /// <exception cref="InterventionException">One cannot be folded exactly; the message has the reason.</exception>
    public static BakedModel Of(IntervenableModel model, ImmutableArray<ConstantSite> sites, BakeRequest request)
    {
        var copy = model.Model.Copy(out var copies);
        copy.RaiseIrVersion(4);
        var graph = new FoldGraph(copy, request);
        var bake = new FoldedBake(model, graph, new CopiedSources(copies), request.Removes);
        var order = Splicer.Order(
            model.Components,
            [.. sites.Select(site => new SpliceSite(site.Component.Address, site.Intervention.Type))]
        );
        var changes = new string[sites.Length];
        // What acts last on what layers read is the first that their weights take in.
        var later = new Stack<(int Index, Func<string> Fold)>();
        foreach (var index in order)
        {
            var (fold, isOfReaders) = bake.Plan(sites[index]);
            if (isOfReaders)
                later.Push((index, fold));
            else
                changes[index] = $"{sites[index].Text}: {fold()}";
        }

        foreach (var (index, fold) in later)
            changes[index] = $"{sites[index].Text}: {fold()}";
        var roundings = graph.Write();
        var baked = new BakedModel(copy, [.. changes]) { Roundings = roundings };
        if (request.Removes)
            baked = bake.Remove(baked);
        DeadCode.Remove(copy.Graph);
        GraphOrder.Sort(copy.Graph);
        GraphVerifier.Verify(copy);
        return baked;
    }

    private (Func<string> Fold, bool IsOfReaders) Plan(ConstantSite site)
    {
        var component = _copies.Of(site.Component);
        if (site.Intervention.Update is { } update)
            return (() => FoldAdapter(site, FoldPlace.Of(_graph, component, [], site.Text), update), false);
        var blocks =
            FoldBlock.Of(site)
            ?? throw WeightMatrix.Refusal(
                site.Text,
                $"what {site.Intervention.Type.ClassName} makes of a value is not an affine map of it"
            );
        var place = FoldPlace.Of(_graph, component, blocks, site.Text);
        if (_removes && place.Removal() is { } removal)
            _removals.Add((site, removal));
        return (place.Fold, place.IsOfReaders);
    }

    private BakedModel Remove(BakedModel baked)
    {
        if (_removals.Count == 0)
            throw new InterventionException(
                "There is nothing to remove: no intervention sets whole heads (head_attention_value_output, unit h) or "
                    + "neurons (mlp_activation, subspaces) to zero or to a mean where only linear layers read them. "
                    + "Leave --remove out."
            );
        // Several interventions may set entries of one value.
        var requests = _removals
            .GroupBy(removal => removal.Request.Value)
            .Select(group =>
                group.First().Request with
                {
                    Entries = group.SelectMany(removal => removal.Request.Entries).ToHashSet(),
                    What = string.Join(" and ", group.Select(removal => removal.Request.What)),
                }
            );
        var (marks, texts) = Removals.Apply(baked.Model, _graph.Types, _graph.Layers, requests);
        return baked with
        {
            Changes = [.. baked.Changes, .. texts],
            Smaller = marks,
            Removed =
            [
                .. _removals
                    .GroupBy(removal => removal.Site.Component.Address)
                    .Select(Units)
                    .OrderBy(units => units.Layer),
            ],
        };
    }

    private static RemovedUnits Units(IEnumerable<(ConstantSite Site, RemovalRequest Request)> removals)
    {
        var component = removals.First().Site.Component;
        var entries = removals.SelectMany(removal => removal.Request.Entries).ToHashSet();
        var first = FoldBlock.ElementsOf(component, 0)[0];
        return component.Heads > 0
            ? new RemovedUnits(
                component.Address.Layer,
                component.Address.Name,
                component.Heads,
                [.. entries.Select(entry => (entry - first) / component.Width).Distinct().Order()]
            )
            : new RemovedUnits(
                component.Address.Layer,
                component.Address.Name,
                component.Width,
                [.. entries.Select(entry => entry - first).Order()]
            );
    }

    // W + scaling · (B A)ᵀ, in the columns of the component.
    private string FoldAdapter(ConstantSite site, FoldPlace place, ModuleUpdate update)
    {
        var address =
            SiteRules.ModuleInput(site.Representation, site.Intervention, _model.Components)
            ?? throw WeightMatrix.Refusal(site.Text, "what its module reads is not known");
        var read = SourcePlaces.Values(_copies.Of(_model.Components.Get(address)).Source).FirstOrDefault();
        var layer = place.Layer ?? throw WeightMatrix.Refusal(site.Text, "no linear layer computes the component");
        if (read is null || Dataflow.FlatRoot(read) != Dataflow.FlatRoot(layer.Input))
            throw WeightMatrix.Refusal(
                site.Text,
                $"{layer.Product} does not read '{address}', which the adapter reads"
            );
        var matrix = _graph.Matrix(layer.Product, site.Text);
        LowRank.Add(
            update,
            matrix,
            Array.ConvertAll(FoldBlock.ElementsOf(site.Component, 0), element => element + place.Start)
        );
        return $"in the weights of {layer.Product}";
    }
}
