namespace OnnxIntervene.Generation;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>A token that ends texts was generated, or a text that stops it.</summary>
    Stop,

    /// <summary>The largest number of new tokens was reached.</summary>
    Length,

    /// <summary>The text is as long as the model can read.</summary>
    Context,
}
