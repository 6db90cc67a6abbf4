namespace OnnxIntervene.Interventions;

/// <summary>How the sources of a run come about (pyvene's <c>mode</c>).</summary>
public enum InterventionMode
{
    /// <summary>Every source runs as it is; everything is written in the base's run.</summary>
    Parallel,

    /// <summary>
    /// What the first source gave is written into the second source's run, and so on; the last one's into the base's.
    /// </summary>
    Serial,
}
