namespace OnnxIntervene.Interventions;

/// <summary>How the sources of a run are computed (pyvene's <c>mode</c>).</summary>
public enum InterventionMode
{
    /// <summary>Every source runs as it is; everything is written in the base's run.</summary>
    Parallel,

    /// <summary>
    /// What was read of the first source is written into the second source's run, and so on; the last one's into the
    /// base's.
    /// </summary>
    Serial,
}
