namespace OnnxIntervene.IR;

/// <summary>
/// Counts how often the calling thread looks at a node or a value, so that tests can tell how the work grows with a
/// graph without a clock. Tests switch it on (<c>OnnxIntervene.CountSteps</c> in their runtime configuration); where it
/// is off, compiled code has no trace of it.
/// </summary>
internal static class Steps
{
    private static readonly bool s_isOn = AppContext.TryGetSwitch("OnnxIntervene.CountSteps", out var isOn) && isOn;

    [ThreadStatic]
    private static long t_count;

    /// <summary>The steps of this thread so far.</summary>
    public static long Count => t_count;

    /// <summary>Counts one step.</summary>
    public static void Take()
    {
        if (s_isOn)
            t_count++;
    }
}
