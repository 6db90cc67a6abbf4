namespace OnnxIntervene.Studies.Alignment;

/// <summary>How often a model answers as supposed, with interchanges and with what they are compared with.</summary>
/// <param name="Interchange">With the interventions: the interchange intervention accuracy, IIA.</param>
/// <param name="DoingNothing">Without any intervention.</param>
/// <param name="RandomSubspace">
/// With random rotations in place of the interventions' own, in subspaces of the same size; null where there is no such
/// subspace.
/// </param>
public sealed record InterchangeScores(
    AccuracyEstimate Interchange,
    AccuracyEstimate DoingNothing,
    AccuracyEstimate? RandomSubspace
);
