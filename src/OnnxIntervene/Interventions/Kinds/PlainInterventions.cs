namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Interchange: the source in place of what stands there.</summary>
public sealed record VanillaIntervention() : Intervention(InterventionType.Vanilla, default);

/// <summary>The source, times the coefficient, is added.</summary>
public sealed record AdditionIntervention() : Intervention(InterventionType.Addition, default);

/// <summary>The source, times the coefficient, is subtracted.</summary>
public sealed record SubtractionIntervention() : Intervention(InterventionType.Subtraction, default);

/// <summary>Zeros in place of what stands there.</summary>
public sealed record ZeroIntervention() : Intervention(InterventionType.Zero, default);

/// <summary>What stands there is read and stays.</summary>
public sealed record CollectIntervention() : Intervention(InterventionType.Collect, default);

/// <summary>
/// What the module reads in the source's run, in place of what it gives: with the base as its own source, the module is
/// skipped.
/// </summary>
public sealed record SkipIntervention() : Intervention(InterventionType.Skip, default);
