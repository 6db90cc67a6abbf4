using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// A function of this process makes the new values of what stands at the units, between two runs of the model (pyvene's
/// <c>LambdaIntervention</c>). Each such intervention costs a run of its own.
/// </summary>
public sealed record LambdaIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="function">Gives the new values in the base's shape; null leaves what stands there.</param>
    public LambdaIntervention(Func<LambdaValues, NumericArray?> function)
        : base(InterventionType.Lambda, default) => Function = function;

    /// <summary>What is called.</summary>
    public Func<LambdaValues, NumericArray?> Function { get; }
}
