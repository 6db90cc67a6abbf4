using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Planning;

/// <summary>Reports what a plan touches and feeds, without running it.</summary>
internal sealed class RunExplainer(Model model, ComponentMap components, RunRequest request, RunPlan plan)
{
    private readonly SplicedModel _spliced = Splicer.Splice(model, components, plan.Sites);

    public RunExplanation Explain() =>
        new(
            [.. Enumerable.Range(0, request.Count).Select(Site)],
            _spliced.Model.Graph.AllNodes().Count() - model.Graph.AllNodes().Count(),
            [
                .. plan.SourceRuns()
                    .Select((run, order) => ($"source {order}", Fed(run.Inputs, index => SourceFeed(run, index)))),
                ("base", Fed(request.Base, BaseFeed)),
            ]
        );

    private SiteExplanation Site(int index)
    {
        var representation = request.Representation(index);
        var source = components.Get(representation.Layer, representation.Component).Source;
        var values = SourcePlaces.Values(source).ToList();
        var opened = SourcePlaces.OpenedNode(source) ?? values.Find(FusedOperators.IsResidualSum)?.Producer;
        return new SiteExplanation(
            representation.ToString(),
            source.Description,
            string.Join(
                ", ",
                values.Select(value => value.Producer is { } producer ? Show(producer) : "an input of the model")
            ),
            [.. values.SelectMany(value => value.Uses).Select(use => use.Node).Distinct().Select(Show)],
            opened is null ? null : Show(opened)
        );
    }

    private static string Show(Node node) =>
        node.Name.Length > 0 ? $"{node.Operator.OperatorType} {node.Name}" : node.Operator.OperatorType;

    private SiteFeed SourceFeed(SourceRun run, int index)
    {
        var feed = run.Writes.Contains(index)
            ? plan.Planned[index].Write(plan.Planned[index].Placeholder())
            : SiteFeed.Neutral;
        return run.Reads.Contains(index)
            ? feed with
            {
                ReadLocations = plan.Planned[index].ReadSource().ReadLocations,
            }
            : feed;
    }

    private SiteFeed BaseFeed(int index)
    {
        var site = plan.Planned[index];
        var feed = plan.IsWrittenInBase(index) ? site.Write(site.Placeholder()) : SiteFeed.Neutral;
        return site.Intervention.Type.ReadsBase ? feed with { ReadLocations = site.ReadBase().ReadLocations } : feed;
    }

    private ImmutableArray<FedInput> Fed(ModelInputs inputs, Func<int, SiteFeed> feed) =>
        [
            .. inputs
                .Arrays.OrderBy(array => array.Key, StringComparer.Ordinal)
                .Select(array => new FedInput(array.Key, [.. array.Value.Shape.Select(size => (long)size)])),
            .. _spliced
                .Sites.SelectMany((site, index) => SiteBinding.Shapes(site, feed(index)))
                .DistinctBy(entry => entry.Name),
        ];
}
