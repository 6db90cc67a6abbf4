namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Where a kind's source comes from.</summary>
internal enum KindSource
{
    /// <summary>The kind has none.</summary>
    None,

    /// <summary>A run, or a constant that the caller gives; the kind needs one.</summary>
    Needed,

    /// <summary>The same, but the kind also works without one.</summary>
    Optional,

    /// <summary>The intervention has its own.</summary>
    Constant,
}
