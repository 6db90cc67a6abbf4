namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Where a kind's source comes from.</summary>
internal enum KindSource
{
    /// <summary>The kind has none.</summary>
    None,

    /// <summary>A run, or a constant that the caller gives; the kind cannot act without.</summary>
    Needed,

    /// <summary>The same, but the kind acts without one too.</summary>
    Optional,

    /// <summary>The intervention brings it along.</summary>
    Constant,
}
