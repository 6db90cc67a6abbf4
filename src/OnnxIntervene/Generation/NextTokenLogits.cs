using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.IR;

namespace OnnxIntervene.Generation;

/// <summary>Refuses models whose first output is not the logits of tokens, which the next token is chosen by.</summary>
internal static class NextTokenLogits
{
    /// <summary>Refuses what the file says already.</summary>
    /// <exception cref="InterventionException">The first output holds something else.</exception>
    public static void Check(Graph graph, ComponentMap components)
    {
        if (graph.Outputs is not [var output, ..] || output.Type?.Shape is not { } shape)
            return;
        if (shape.Rank != 3 || (shape[2].Size is { } width && TokenWidth.IsTooNarrow(width, components)))
            throw Other(output.Name, $"{shape}", components);
    }

    /// <summary>Refuses what a run has given.</summary>
    /// <exception cref="InterventionException">The output holds something else.</exception>
    public static void Check(string output, ImmutableArray<long> shape, int rows, ComponentMap components)
    {
        if (
            shape is not [var examples, > 0, var width]
            || examples != rows
            || TokenWidth.IsTooNarrow(width, components)
        )
            throw Other(output, $"[{string.Join(", ", shape)}]", components);
    }

    private static InterventionException Other(string output, string shape, ComponentMap components) =>
        new(
            $"The next token is chosen by logits, [batch, position, vocabulary], but the model's first output "
                + $"'{output}' is {shape}"
                + (components.Limits.Vocabulary is { } vocabulary ? $" for {vocabulary} tokens" : "")
                + ". Use an export with a language model's head (…ForCausalLM; in optimum --task text-generation), or "
                + "intervene on single runs of this model: 'run', in C# Run."
        );
}
