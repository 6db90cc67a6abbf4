using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients.Losses;

/// <summary>The mean difference of two logits at chosen positions.</summary>
/// <param name="Tokens">The tokens whose logits count, integers: <c>[batch]</c>, or <c>[batch, count]</c>.</param>
/// <param name="Others">The tokens whose logits are subtracted, as many.</param>
public sealed record LogitDifferenceLoss(NumericArray Tokens, NumericArray Others) : Loss
{
    private const string TokensInput = "tokens";
    private const string OthersInput = "others";

    /// <summary>Positions, integers <c>[batch, count]</c>; null for the last token of each example.</summary>
    public NumericArray? Positions { get; init; }

    /// <inheritdoc/>
    internal override string Structure => $"logit difference of {Output}";

    /// <inheritdoc/>
    internal override void CheckClasses(int classes)
    {
        LossRows.CheckClasses(Tokens, "token", classes);
        LossRows.CheckClasses(Others, "token to compare with", classes);
    }

    /// <inheritdoc/>
    internal override Value Write(LossGraph graph, Value output)
    {
        var rows = graph.ChosenRows(output);
        return graph.Mean(graph.Ops.Sub(graph.Entries(rows, TokensInput), graph.Entries(rows, OthersInput)));
    }

    /// <inheritdoc/>
    internal override IEnumerable<KeyValuePair<string, NumericArray>> Feeds(ModelInputs inputs, int outputAxes)
    {
        var places = LossRows.Of(inputs, Positions, outputAxes);
        yield return new(LossRows.Places, places);
        yield return new(TokensInput, LossRows.Fitted(Tokens, places, "tokens"));
        yield return new(OthersInput, LossRows.Fitted(Others, places, "tokens to compare with"));
    }
}
