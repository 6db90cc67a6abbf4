namespace OnnxIntervene.IR;

/// <summary>
/// A request cannot be met: a name, a width, a position or a source does not fit the model or the run, or an option is
/// wrong. The caller can correct it. Thrown before anything runs.
/// </summary>
public sealed class InterventionException : Exception
{
    /// <summary>Creates the exception without a message.</summary>
    public InterventionException() { }

    /// <summary>Creates the exception with what does not fit, where, and what to do.</summary>
    public InterventionException(string message)
        : base(message) { }

    /// <summary>
    /// Creates the exception with what does not fit, where, and what to do, and the underlying error.
    /// </summary>
    public InterventionException(string message, Exception innerException)
        : base(message, innerException) { }
}
