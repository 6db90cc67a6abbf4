using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients;

/// <summary>
/// A model with interventions that computes a loss and its gradients by their parameters, in standard operators.
/// </summary>
/// <param name="Spliced">The model; its first output is the loss, a scalar.</param>
/// <param name="Gradients">The outputs that hold gradients, by the input that holds the parameter.</param>
/// <param name="Predictions">
/// The output that holds the most probable class of each row that the loss reads; null where it reads none.
/// </param>
/// <param name="OutputAxes">How many axes the output has that the loss is computed from.</param>
/// <param name="IsWithoutCache">
/// Whether the model chooses branches, and only those of runs without a cache are left.
/// </param>
internal sealed record TrainingModel(
    SplicedModel Spliced,
    ImmutableDictionary<string, string> Gradients,
    string? Predictions,
    int OutputAxes,
    bool IsWithoutCache
)
{
    /// <summary>How many classes the output has; 0 where that is not known.</summary>
    public int Classes { get; private init; }

    /// <summary>
    /// The value that holds the rows of the output that the loss reads, <c>[N, classes]</c>; null where it reads none.
    /// </summary>
    private string? Rows { get; init; }

    /// <summary>The outputs of a run without gradients: the loss, then the predictions where there are any.</summary>
    public ImmutableArray<string> Evaluated =>
        Predictions is null
            ? [Spliced.Model.Graph.Outputs[0].Name]
            : [Spliced.Model.Graph.Outputs[0].Name, Predictions];

    /// <summary>Builds the model. The original stays as it is.</summary>
    /// <param name="model">The model, its local functions written out.</param>
    /// <param name="components">Its components.</param>
    /// <param name="sites">The interventions.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="targets">What is differentiated by: inputs of the spliced model, which this may add.</param>
    /// <param name="keepsEvery">
    /// Of how many layers the output of one is kept for the way back, which computes the rest a second time; 0 to keep
    /// everything.
    /// </param>
    /// <exception cref="InterventionException">
    /// A component cannot be reached, the output is not there, or an operator between a parameter and the loss has no
    /// gradient rule.
    /// </exception>
    public static TrainingModel Of(
        Model model,
        ComponentMap components,
        IReadOnlyList<SpliceSite> sites,
        Loss loss,
        Func<SplicedModel, ImmutableArray<Value>> targets,
        int keepsEvery = 0
    )
    {
        GradientModel.RequireOperatorSet(model);
        var boundaries = KeptLayers.Of(components, sites, keepsEvery);
        var spliced = Splicer.Splice(model, components, sites, boundaries);
        var inputs = targets(spliced);
        var editor = new GraphEditor(spliced.Model);
        var branches = new TakenBranches(editor);
        var output = editor.Current(GradientModel.Output(spliced.Model, loss));
        var axes = new TypeInference().RankOf(output) ?? 3;
        var width = new TypeInference().WidthOf(output);
        var positions = Chosen(editor.Model, loss, axes, output);
        var written = new LossGraph(editor.Builder("loss"), axes);
        var number = loss.Write(written, output);
        var gradients = BackwardPass.Write(editor, number, inputs, KeptLayers.Tensors(spliced, boundaries));
        RequireEffect(editor.Graph, number, inputs);
        var names = Finish(editor, number, inputs, gradients, written.Predictions());
        return new TrainingModel(
            spliced with
            {
                AddedInputs = [.. spliced.AddedInputs, .. written.Inputs],
                PositionsInput = positions,
            },
            names,
            written.Predictions()?.Name,
            axes,
            branches.Any
        )
        {
            Classes = Math.Max(0, width),
            Rows = written.Rows?.Name,
        };
    }

    /// <summary>Runs a session of the model, or of a part of it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="inputs">What the model is run on.</param>
    /// <param name="feeds">What each site is fed.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="others">What is fed besides these, by input.</param>
    /// <param name="withGradients">Whether gradients are wanted.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">The loss does not fit the inputs, or these use a cache.</exception>
    public TrainingRun Run(
        InterventionSession session,
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        Loss loss,
        IEnumerable<KeyValuePair<string, NumericArray>> others,
        bool withGradients,
        CancellationToken cancellation
    )
    {
        ImmutableArray<string> outputs = withGradients ? [.. Evaluated, .. Gradients.Values] : Evaluated;
        var arrays = outputs
            .Zip(Run(session, inputs, feeds, loss, others, outputs, cancellation))
            .ToDictionary(pair => pair.First, pair => pair.Second);
        return new TrainingRun(
            arrays[outputs[0]].Floats[0],
            Predictions is null ? null : arrays[Predictions],
            withGradients
                ? Gradients.ToImmutableDictionary(entry => entry.Key, entry => arrays[entry.Value])
                : ImmutableDictionary<string, NumericArray>.Empty
        );
    }

    /// <summary>The part of the model that computes the rows that the loss reads, without the loss.</summary>
    public SplicedModel RowsAlone()
    {
        var rows = Spliced.Model.Graph.AllValues().First(value => value.Name == Rows);
        return Spliced with { Model = GraphCut.To(Spliced.Model, [rows]) };
    }

    /// <summary>Runs a session of <see cref="RowsAlone"/>.</summary>
    /// <returns>A row for each label, <c>[N, classes]</c>.</returns>
    public NumericArray RunRows(
        InterventionSession session,
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        Loss loss,
        IEnumerable<KeyValuePair<string, NumericArray>> others,
        CancellationToken cancellation
    ) => Run(session, inputs, feeds, loss, others, [Rows!], cancellation)[0];

    /// <summary>What a run feeds the inputs that the loss has added. Runs nothing.</summary>
    /// <exception cref="InterventionException">The loss does not fit the inputs, or these use a cache.</exception>
    public Dictionary<string, NumericArray> FeedsOf(ModelInputs inputs, Loss loss)
    {
        loss.CheckClasses(Classes);
        GradientModel.RefuseCache(inputs, IsWithoutCache);
        return loss.Feeds(inputs, OutputAxes).ToDictionary();
    }

    private ImmutableArray<NumericArray> Run(
        InterventionSession session,
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        Loss loss,
        IEnumerable<KeyValuePair<string, NumericArray>> others,
        ImmutableArray<string> outputs,
        CancellationToken cancellation
    )
    {
        var own = FeedsOf(inputs, loss);
        NumericArray? positions = null;
        if (Spliced.PositionsInput is not null)
            (positions, own[LossRows.Places]) = LossRows.Chosen(own[LossRows.Places], inputs.BatchSize);
        var added = own.Select(feed => (LossGraph.Prefix + feed.Key, feed.Value))
            .Concat(others.Select(feed => (feed.Key, feed.Value)))
            .ToDictionary();
        return session.Run(inputs, feeds, outputs, positions, added, cancellation);
    }

    /// <summary>Refuses inputs that cannot change the loss: their gradients would be 0 for ever.</summary>
    internal static void RequireEffect(Graph graph, Value loss, ImmutableArray<Value> inputs)
    {
        foreach (var input in inputs)
        {
            if (!Cone.After(graph, input).Values.Contains(loss))
                throw new InterventionException(
                    $"The loss does not depend on '{input.Name}': nothing that it changes leads to the loss. "
                        + "Move the intervention to an earlier component, or take another output."
                );
        }
    }

    // The product with the vocabulary's matrix at the positions that the loss reads alone.
    private static string? Chosen(Model model, Loss loss, int axes, Value output) =>
        loss.ReadsPositions && axes == 3 && ChosenPositions.FindObstacle(model, output) is null
            ? ChosenPositions.Gather(model, output).Name
            : null;

    /// <summary>
    /// The inputs that hold parameters of interventions, and those that hold what the run before them read.
    /// </summary>
    /// <param name="spliced">The model.</param>
    /// <param name="isTrained">Which parameters of a site are meant, by site and name.</param>
    /// <param name="isFed">Whose source is meant, by site.</param>
    public static ImmutableArray<Value> Parameters(
        SplicedModel spliced,
        Func<int, string, bool> isTrained,
        Func<int, bool> isFed
    )
    {
        var names = spliced
            .Sites.SelectMany(
                (site, index) =>
                    site
                        .Parameters.Where(parameter => isTrained(index, parameter.Name))
                        .Select(parameter => parameter.Input)
                        .Concat(site.Source is { } source && isFed(index) ? [source] : [])
            )
            .ToHashSet(StringComparer.Ordinal);
        return [.. spliced.Model.Graph.Inputs.Where(input => names.Contains(input.Name))];
    }

    private static ImmutableDictionary<string, string> Finish(
        GraphEditor editor,
        Value loss,
        ImmutableArray<Value> parameters,
        ImmutableArray<Value> gradients,
        Value? predictions
    )
    {
        loss.Type = new TensorType(ElementType.Float32, Shape.Of(ReadOnlySpan<long>.Empty));
        var ops = editor.Builder("gradient");
        // A name of its own for each: two parameters may have one gradient.
        var outputs = gradients.Select(ops.Identity).ToList();
        for (var index = 0; index < outputs.Count; index++)
            outputs[index].Type = parameters[index].Type;
        DeadCode.LeaveOnly(editor.Model, predictions is null ? [loss, .. outputs] : [loss, predictions, .. outputs]);
        return parameters
            .Zip(outputs)
            .ToImmutableDictionary(pair => pair.First.Name, pair => pair.Second.Name, StringComparer.Ordinal);
    }
}
