using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Training.Artifacts;

/// <summary>
/// A model that computes its output from what users feed alone, and which of its constants are trained.
/// </summary>
/// <param name="Model">The model, with one output.</param>
/// <param name="Trained">The names of the trained constants.</param>
internal sealed record TrainableGraph(Model Model, ImmutableArray<string> Trained)
{
    /// <summary>A model whose own weights are trained.</summary>
    /// <exception cref="InterventionException">
    /// The model lacks the output or a weight, or one is not of floats.
    /// </exception>
    public static TrainableGraph OfWeights(LoadedModel model, IReadOnlyList<string> weights, string? output)
    {
        var copy = model.Model.Copy();
        foreach (var name in weights)
        {
            if (GradientModel.Weight(copy, name) is { Initializer.ElementType: not ElementType.Float32 } weight)
                throw new InterventionException($"The weight {weight} does not hold 32-bit floats.");
        }

        return Of(new GraphEditor(copy), GradientModel.Output(copy, output), [.. weights.Distinct()]);
    }

    /// <summary>Leaves only what an output needs, and the branches of runs without a cache.</summary>
    private static TrainableGraph Of(GraphEditor editor, Value output, ImmutableArray<string> trained)
    {
        _ = new TakenBranches(editor);
        DeadCode.LeaveOnly(editor.Model, [editor.Current(output)]);
        var left = editor.Graph.Initializers.Select(constant => constant.Name).ToHashSet(StringComparer.Ordinal);
        return trained.FirstOrDefault(name => !left.Contains(name)) is { } unused
            ? throw new InterventionException($"The output {output} does not depend on the weight '{unused}'.")
            : new TrainableGraph(editor.Model, trained);
    }
}
