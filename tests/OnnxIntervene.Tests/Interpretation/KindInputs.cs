namespace OnnxIntervene.Tests.Interpretation;

/// <summary>What one row of an intervention is made from.</summary>
/// <param name="Base">The values there.</param>
/// <param name="Source">The source; null for kinds without.</param>
/// <param name="ModuleInput">What the module reads there; null for kinds that do not read it.</param>
/// <param name="Coefficient">What the source is multiplied with.</param>
/// <param name="Chosen">Which dimensions of the kind's space are meant; null for all.</param>
internal sealed record KindInputs(
    double[] Base,
    double[]? Source,
    double[]? ModuleInput,
    double Coefficient,
    HashSet<int>? Chosen
);
