namespace OnnxIntervene.Interventions.Kinds;

/// <summary>How training changes a parameter.</summary>
internal enum ParameterTraining
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Number by number.</summary>
    Plain,

    /// <summary>
    /// Along matrices with orthonormal columns: torch's <c>parametrizations.orthogonal</c>, whose two tensors replace
    /// the parameter in pyvene's files.
    /// </summary>
    Orthogonal,
}
