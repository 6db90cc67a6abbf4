namespace OnnxIntervene.IR;

/// <summary>
/// Counts how often the calling thread looks at a node or a value, so that tests can tell how the work grows with a
/// graph without a clock. Nothing but tests reads it.
/// </summary>
internal static class Steps
{
    [ThreadStatic]
    private static long t_count;

    /// <summary>The steps of this thread so far.</summary>
    public static long Count => t_count;

    /// <summary>Counts one step.</summary>
    public static void Take() => t_count++;
}
