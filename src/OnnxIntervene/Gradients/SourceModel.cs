using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Gradients;

/// <summary>
/// The run of a source, forward to what is read of it, and back from the gradient by that, in standard operators.
/// </summary>
/// <param name="Spliced">The model: its outputs are what is read, then the gradients.</param>
/// <param name="Reads">The outputs that hold what is read.</param>
/// <param name="Seeds">For each of these the input that is fed the gradient by it.</param>
/// <param name="Gradients">The outputs that hold gradients, by the input that they are by.</param>
/// <param name="IsWithoutCache">
/// Whether the model chooses branches, and only those of runs without a cache are left.
/// </param>
internal sealed record SourceModel(
    SplicedModel Spliced,
    ImmutableArray<string> Reads,
    ImmutableArray<string> Seeds,
    ImmutableDictionary<string, string> Gradients,
    bool IsWithoutCache
)
{
    private const string Given = NameScope.Prefix + "given/";

    /// <summary>Builds the model. The original stays as it is.</summary>
    /// <param name="model">The model, its local functions written out.</param>
    /// <param name="components">Its components.</param>
    /// <param name="sites">What is written in the run, and what is read.</param>
    /// <param name="reads">The numbers of the sites that are read.</param>
    /// <param name="targets">What is differentiated by: inputs of the spliced model, which this may add.</param>
    /// <param name="keepsEvery">
    /// Of how many layers the output of one is kept for the way back, which computes the rest a second time; 0 to keep
    /// everything.
    /// </param>
    /// <exception cref="InterventionException">
    /// A component cannot be reached, or an operator before what is read has no gradient rule.
    /// </exception>
    public static SourceModel Of(
        Model model,
        ComponentMap components,
        IReadOnlyList<SpliceSite> sites,
        IReadOnlyList<int> reads,
        Func<SplicedModel, ImmutableArray<Value>> targets,
        int keepsEvery
    )
    {
        GradientModel.RequireOperatorSet(model);
        var kept = KeptLayers.Of(components, sites, keepsEvery);
        var spliced = Splicer.Splice(model, components, sites, kept);
        var inputs = targets(spliced);
        var editor = new GraphEditor(spliced.Model);
        var branches = new TakenBranches(editor);
        var outputs = spliced.Model.Graph.Outputs.ToDictionary(output => output.Name);
        var values = reads.Select(site => editor.Current(outputs[spliced.Sites[site].Read!])).ToList();
        var seeds = values.Select((value, index) => editor.Graph.AddInput($"{Given}{index}", value.Type)).ToList();
        var sum = SeededSum.Of(editor.Builder("source"), values, seeds);
        RequireEffect(spliced, sum, inputs);
        var gradients = BackwardPass.Write(editor, sum, inputs, KeptLayers.Tensors(spliced, kept));
        var results = Named(editor, inputs, gradients);
        DeadCode.LeaveOnly(editor.Model, [.. values, .. results]);
        return new SourceModel(
            spliced with
            {
                AddedInputs = [.. seeds.Select(seed => seed.Name)],
            },
            [.. values.Select(value => value.Name)],
            [.. seeds.Select(seed => seed.Name)],
            inputs
                .Zip(results)
                .ToImmutableDictionary(pair => pair.First.Name, pair => pair.Second.Name, StringComparer.Ordinal),
            branches.Any
        );
    }

    // A parameter without one would never move.
    private static void RequireEffect(SplicedModel spliced, Value sum, ImmutableArray<Value> inputs)
    {
        var parameters = spliced.Sites.SelectMany(site => site.Parameters).Select(own => own.Input).ToHashSet();
        foreach (var input in inputs.Where(input => parameters.Contains(input.Name)))
        {
            if (!Cone.After(spliced.Model.Graph, input).Values.Contains(sum))
                throw new InterventionException(
                    $"What is read of the source does not depend on '{input.Name}', which is written in the same run: "
                        + "nothing that it changes leads there. Move that intervention to an earlier component, or the "
                        + "next one of the chain to a later one."
                );
        }
    }

    // A name of its own for each: two inputs may have one gradient.
    private static List<Value> Named(GraphEditor editor, ImmutableArray<Value> inputs, ImmutableArray<Value> gradients)
    {
        var results = gradients.Select(editor.Builder("gradient").Identity).ToList();
        for (var index = 0; index < results.Count; index++)
            results[index].Type = inputs[index].Type;
        return results;
    }
}
