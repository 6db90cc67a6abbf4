namespace OnnxIntervene.IR;

/// <summary>
/// A file (a model, its weights, its tokenizer, its tensors) is not what its format says. The message names the place.
/// </summary>
public sealed class ModelFormatException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public ModelFormatException() { }

    /// <summary>Creates the exception with what is wrong, where, and what to do.</summary>
    public ModelFormatException(string message)
        : base(message) { }

    /// <summary>Creates the exception with what is wrong, where, and what to do, and the underlying error.</summary>
    public ModelFormatException(string message, Exception innerException)
        : base(message, innerException) { }
}
