using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Planning;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Training.Artifacts;

/// <summary>
/// A model with its interventions and the runs of their sources in one graph, whose inputs are those of the base and,
/// with a prefix, those of the sources.
/// </summary>
internal sealed class InterventionGraph
{
    private readonly IntervenableModel _model;
    private readonly RunPlan _plan;
    private readonly SplicedModel _spliced;
    private readonly Dictionary<string, Value> _inputs;
    private readonly OpBuilder _ops;
    private readonly RepeatedFeeds _feeds;

    private InterventionGraph(IntervenableModel model, RunPlan plan, string? output)
    {
        (_model, _plan) = (model, plan);
        _spliced = Splicer.Splice(model.Model, model.Components, plan.Sites);
        var editor = new GraphEditor(_spliced.Model);
        _ = new TakenBranches(editor);
        Output = editor.Current(GradientModel.Output(_spliced.Model, output));
        var graph = _spliced.Model.Graph;
        _inputs = graph.Inputs.ToDictionary(input => input.Name);
        _ops = new OpBuilder(graph, NameScope.Of(_spliced.Model), _spliced.Model.OperatorSetVersion, "example");
        _feeds = new RepeatedFeeds(_ops, Leading(graph));
    }

    private Value Output { get; }

    /// <summary>Writes the graph.</summary>
    /// <param name="model">The model and its interventions.</param>
    /// <param name="example">
    /// Inputs of one example, with its sources; every example is intervened on as this one.
    /// </param>
    /// <param name="output">The model's output that is wanted; null for the first.</param>
    /// <exception cref="InterventionException">
    /// Nothing of the interventions is trained, or they do not fit the model or the example.
    /// </exception>
    public static TrainableGraph Of(IntervenableModel model, RunRequest example, string? output)
    {
        var plan = model.PlanOf(example);
        if (plan.Sites.FirstOrDefault(site => site.UnitsPerRow > 1) is { } folded)
            throw new InterventionException(
                $"{folded.Type.ClassName} at {folded.Address} takes several units as one row, which cannot be written "
                    + "into a training model. Use one unit, or another kind."
            );
        return new InterventionGraph(model, plan, output).Write();
    }

    private TrainableGraph Write()
    {
        var sources = JoinSources();
        var parameters = new TrainableParameters(_ops);
        var known = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < _spliced.Sites.Length; index++)
        {
            var (ports, planned) = (_spliced.Sites[index], _plan.Planned[index]);
            Feed(ports, planned, sources.GetValueOrDefault(index));
            foreach (var parameter in ports.Parameters.Where(parameter => known.Add(parameter.Input)))
                Set(parameter.Input, parameters.Of(planned.Intervention, parameter, ports));
        }

        if (parameters.Trained.Count == 0)
            throw new InterventionException(
                "Nothing can be trained: the interventions have no trained parameters. Take a trainable kind: "
                    + "RotatedSpaceIntervention, for example."
            );
        DeadCode.LeaveOnly(_spliced.Model, [Output]);
        return new TrainableGraph(_spliced.Model, [.. parameters.Trained]);
    }

    private void Feed(SitePorts ports, PlannedSite planned, Value? source)
    {
        if (ports.Site.Type.ReadsOnly)
            return;
        var feed = planned.Write(null);
        if (ReferenceEquals(feed, SiteFeed.Neutral))
            throw new InterventionException(
                $"{ports.Site.Type.ClassName} at {ports.Component.Address} has no source. Give one, or leave it out."
            );
        var isWhole = ports.Site.Selection == SiteSelection.Whole;
        if (ports.WriteLocations is { } locations)
            Set(locations, _feeds.Locations(feed.WriteLocations, ports.LocationWidth));
        if (ports.Source is { } input)
            Set(input, source ?? Rows(feed.Source, feed.SourceShape.ToArray(), isWhole));
        if (ports.Coefficient is { } coefficient)
            Set(coefficient, Rows(feed.Coefficients, CoefficientShape(feed, ports, isWhole), isWhole));
        if (ports.Mask is { } mask)
            Set(mask, _feeds.Marks(feed.Mask, feed.MaskWidth));
    }

    private static long[] CoefficientShape(SiteFeed feed, SitePorts ports, bool isWhole) =>
        isWhole ? [1, 1, 1] : [feed.Coefficients.Length, .. Enumerable.Repeat(1L, ports.UnitAxes)];

    // What is written everywhere is broadcast over the examples.
    private Value Rows(ReadOnlyMemory<float> numbers, long[] shape, bool isWhole) =>
        isWhole ? _feeds.Constant(TensorData.FromFloats(shape, numbers.Span)) : _feeds.Rows(numbers, shape);

    private void Set(string input, Value value) => _inputs[input].ReplaceUses(value);

    // By intervention, what its source's run reads.
    private Dictionary<int, Value> JoinSources()
    {
        var runs = _plan.SourceRuns().ToList();
        var read = new Dictionary<int, Value>();
        for (var number = 0; number < runs.Count; number++)
        {
            var prefix = runs.Count == 1 ? "source_" : $"source{number}_";
            var values = Join(runs[number], prefix);
            foreach (var (index, value) in runs[number].Reads.Zip(values))
                read.Add(index, value);
        }

        return read;
    }

    private ImmutableArray<Value> Join(SourceRun run, string prefix)
    {
        var part = Splicer.Splice(
            _model.Model,
            _model.Components,
            [.. run.Reads.Select(index => _plan.Planned[index].Site.ToRead())]
        );
        var editor = new GraphEditor(part.Model);
        _ = new TakenBranches(editor);
        var outputs = part.Model.Graph.Outputs.ToDictionary(output => output.Name);
        var reads = part.Sites.Select(site => editor.Current(outputs[site.Read!])).ToList();
        var joined = GraphJoin.Add(_spliced.Model, GraphCut.To(part.Model, reads), _ops.Names, prefix);
        var inputs = _ops.Graph.Inputs.ToDictionary(input => input.Name);
        foreach (var (index, ports) in run.Reads.Zip(part.Sites))
        {
            var locations = _plan.Planned[index].ReadSource().ReadLocations;
            inputs[prefix + ports.ReadLocations!].ReplaceUses(_feeds.Locations(locations, ports.LocationWidth));
        }

        return joined;
    }

    private static Value Leading(Graph graph) =>
        graph.Inputs.FirstOrDefault(input => input.Name == ModelInputs.TokenInput) ?? graph.Inputs[0];
}
