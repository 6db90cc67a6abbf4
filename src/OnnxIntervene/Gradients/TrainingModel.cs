using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Splicing;

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

    /// <summary>Builds the model. The original stays as it is.</summary>
    /// <param name="model">The model, its local functions written out.</param>
    /// <param name="components">Its components.</param>
    /// <param name="sites">The interventions.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="isTrained">Which parameters of a site are differentiated by, by site and name.</param>
    /// <exception cref="InterventionException">
    /// A component cannot be reached, the output is not there, or an operator between a parameter and the loss has no
    /// gradient rule.
    /// </exception>
    public static TrainingModel Of(
        Model model,
        ComponentMap components,
        IReadOnlyList<SpliceSite> sites,
        Loss loss,
        Func<int, string, bool> isTrained
    )
    {
        GradientModel.RequireOperatorSet(model);
        var spliced = Splicer.Splice(model, components, sites);
        var editor = new GraphEditor(spliced.Model);
        var branches = new TakenBranches(editor);
        var output = editor.Current(GradientModel.Output(spliced.Model, loss));
        var axes = new TypeInference().RankOf(output) ?? 3;
        var width = new TypeInference().WidthOf(output);
        var written = new LossGraph(editor.Builder("loss"), axes);
        var number = loss.Write(written, output);
        var inputs = Trained(spliced, isTrained);
        var gradients = BackwardPass.Write(editor, number, inputs);
        var names = Finish(editor, number, inputs, gradients, written.Predictions());
        return new TrainingModel(
            spliced with
            {
                AddedInputs = [.. written.Inputs],
            },
            names,
            written.Predictions()?.Name,
            axes,
            branches.Any
        )
        {
            Classes = Math.Max(0, width),
        };
    }

    private static ImmutableArray<Value> Trained(SplicedModel spliced, Func<int, string, bool> isTrained)
    {
        var names = spliced
            .Sites.SelectMany((site, index) => site.Parameters.Where(parameter => isTrained(index, parameter.Name)))
            .Select(parameter => parameter.Input)
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
        var graph = editor.Graph;
        graph.SetOutputs(predictions is null ? [loss, .. outputs] : [loss, predictions, .. outputs]);
        DeadCode.Remove(graph);
        DeadCode.RemoveUnusedInputs(graph);
        GraphOrder.Sort(graph);
        GraphVerifier.Verify(editor.Model);
        return parameters
            .Zip(outputs)
            .ToImmutableDictionary(pair => pair.First.Name, pair => pair.Second.Name, StringComparer.Ordinal);
    }
}
