using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>How many texts, and how many tokens of each, a model takes alone; null where it takes any.</summary>
/// <param name="Rows">The number of texts.</param>
/// <param name="Length">The number of tokens.</param>
internal sealed record FixedSizes(long? Rows, long? Length)
{
    /// <summary>The sizes that the file says.</summary>
    public static FixedSizes Of(Graph graph) =>
        graph.Inputs.FirstOrDefault(input => input.Name == ModelInputs.TokenInput)?.Type?.Shape is { Rank: 2 } shape
            ? new(shape[0].Size, shape[1].Size)
            : new(null, null);

    /// <summary>Refuses a generation with a run of other sizes.</summary>
    /// <param name="rows">How many texts there are.</param>
    /// <param name="longest">How many tokens the first run reads of each.</param>
    /// <param name="more">How many tokens each later run reads; null where there is none.</param>
    /// <exception cref="InterventionException">A size does not fit.</exception>
    public void Check(int rows, int longest, int? more)
    {
        if (Rows is { } only && only != rows)
            throw new InterventionException(
                $"The model takes {only} texts at once and no other number (the shape of its input "
                    + $"'{ModelInputs.TokenInput}'), and {rows} are generated. Give {only} prompts, or export the "
                    + "model with a dynamic batch axis."
            );
        if (Length is { } length && (longest != length || (more is { } later && later != length)))
            throw new InterventionException(
                $"The model reads {length} tokens at once and no other number (the shape of its input "
                    + $"'{ModelInputs.TokenInput}'), so a text cannot grow. Give a prompt of {length} tokens and ask "
                    + "for one new token (--max-tokens 1), or export the model with a dynamic sequence axis."
            );
    }
}
