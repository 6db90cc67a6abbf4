using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients.Losses;

/// <summary>The mean logit, probability or log probability of tokens at chosen positions.</summary>
/// <param name="Tokens">The tokens, integers: <c>[batch]</c>, or <c>[batch, count]</c>.</param>
/// <param name="Scale">What of each token is taken.</param>
public sealed record TokenLoss(NumericArray Tokens, TokenScale Scale) : Loss
{
    private const string TokensInput = "tokens";

    /// <summary>Positions, integers <c>[batch, count]</c>; null for the last token of each example.</summary>
    public NumericArray? Positions { get; init; }

    /// <inheritdoc/>
    internal override string Structure => $"{Scale} of tokens of {Output}";

    /// <inheritdoc/>
    internal override Value Write(LossGraph graph, Value output)
    {
        var rows = graph.ChosenRows(output);
        var entries = graph.Entries(Scale == TokenScale.Logit ? rows : graph.LogProbabilities(rows), TokensInput);
        return graph.Mean(Scale == TokenScale.Probability ? graph.Ops.Emit("Exp", [entries]) : entries);
    }

    /// <inheritdoc/>
    internal override IEnumerable<KeyValuePair<string, NumericArray>> Feeds(ModelInputs inputs, int outputAxes)
    {
        var places = LossRows.Of(inputs, Positions, outputAxes);
        yield return new(LossRows.Places, places);
        yield return new(TokensInput, LossRows.Fitted(Tokens, places, "tokens"));
    }
}
