using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Steering;

/// <summary>Which layers and coefficients of a steering vector are tried, and by what they are judged.</summary>
public sealed record SteeringSearchRequest
{
    /// <summary>The vector, whose layers are tried one by one.</summary>
    public required SteeringVector Vector { get; init; }

    /// <summary>The coefficients that are tried at each layer.</summary>
    public required ImmutableArray<float> Coefficients { get; init; }

    /// <summary>How the vector acts.</summary>
    public SteeringManner Manner { get; init; } = SteeringManner.Addition;

    /// <summary>The prompts after whose last token the effect is measured.</summary>
    public required ImmutableArray<StudyPrompt> Prompts { get; init; }

    /// <summary>Texts that have nothing to do with the vector, whose perplexity is the cost.</summary>
    public required ImmutableArray<StudyPrompt> Neutral { get; init; }

    /// <summary>
    /// Tokens whose probabilities after the prompts are added up, as words of a classifier; none to measure the
    /// projection alone.
    /// </summary>
    public ImmutableArray<int> Words { get; init; } = [];

    /// <summary>
    /// Texts that are generated under each cell, and the words that are counted in them; null for none.
    /// </summary>
    public GeneratedTextScore? Generated { get; init; }

    /// <summary>
    /// By what the search judges: generated texts where there are any, else words, else the projection.
    /// </summary>
    public SteeringScore Score =>
        Generated is not null ? SteeringScore.GeneratedText
        : Words.IsEmpty ? SteeringScore.Projection
        : SteeringScore.NextToken;

    /// <summary>Throws unless everything fits the model.</summary>
    internal void Check(LoadedModel model)
    {
        if (Coefficients.IsDefaultOrEmpty || !Coefficients.All(float.IsFinite))
            throw new InterventionException("A search needs coefficients, all of them finite numbers.");
        if (Vector.Directions.IsEmpty)
            throw new InterventionException("The steering vector has no layers to search.");
        if (Manner.Clamp is not null)
            throw new InterventionException("A clamp has no coefficient to search; give vectors that are added.");
        if (Prompts.IsDefaultOrEmpty)
            throw new InterventionException("A search needs a prompt, after which the effect is measured.");
        if (Neutral.IsDefaultOrEmpty || Neutral.Any(text => text.Length < 2))
            throw new InterventionException(
                "A search needs neutral texts of two tokens or more, whose perplexity is the cost."
            );
        if (Words.FirstOrDefault(word => word < 0, 0) is < 0 and var none)
            throw new InterventionException($"{none} is no token.");
        Vector.Require(model.Components);
        Generated?.Check();
        if (Generated is not null && !model.HasTokenizer)
            throw new InterventionException("Words are counted in texts, which need a tokenizer beside the model.");
    }
}
