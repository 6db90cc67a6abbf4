namespace OnnxIntervene.Execution.Results;

/// <summary>What a model's first output holds.</summary>
public enum OutputKind
{
    /// <summary>Logits of tokens, <c>[batch, position, vocabulary]</c>.</summary>
    Tokens,

    /// <summary>Logits of classes, <c>[batch, classes]</c>.</summary>
    Classes,

    /// <summary>Numbers of another meaning: hidden states, embeddings.</summary>
    Values,
}
