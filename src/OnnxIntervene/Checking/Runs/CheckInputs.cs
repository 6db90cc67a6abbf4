using OnnxIntervene.Runtime;

namespace OnnxIntervene.Checking.Runs;

/// <summary>The two runs that laws compare: the same sizes, other contents.</summary>
/// <param name="Base">What is changed.</param>
/// <param name="Source">Where values are taken from.</param>
public sealed record CheckInputs(ModelInputs Base, ModelInputs Source);
