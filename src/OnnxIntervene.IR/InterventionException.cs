namespace OnnxIntervene.IR;

/// <summary>
/// An intervention does not fit the model or the run: a name, a width, a position, a source. Thrown before anything
/// runs.
/// </summary>
public sealed class InterventionException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public InterventionException() { }

    /// <summary>Creates the exception with what does not fit, where, and what to do.</summary>
    public InterventionException(string message)
        : base(message) { }

    /// <summary>
    /// Creates the exception with what does not fit, where, and what to do, and the error underneath.
    /// </summary>
    public InterventionException(string message, Exception innerException)
        : base(message, innerException) { }
}
