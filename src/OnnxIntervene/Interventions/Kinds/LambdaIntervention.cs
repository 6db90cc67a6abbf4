using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// A function of this process makes the new values of what stands at the units, between two runs of the model (pyvene's
/// <c>LambdaIntervention</c>). Each such intervention costs a run of its own.
/// </summary>
public sealed record LambdaIntervention : Intervention
{
    internal static InterventionType Kind { get; } =
        new("Lambda", rows => rows.Choose(rows.Source!, rows.Base))
        {
            Source = KindSource.Optional,
            CallsFunction = true,
        };

    /// <summary>Creates the intervention.</summary>
    /// <param name="function">Gives the new values in the base's shape; null leaves what stands there.</param>
    public LambdaIntervention(Func<LambdaValues, NumericArray?> function)
        : base(Kind, default) => Function = function;

    /// <summary>What is called.</summary>
    public Func<LambdaValues, NumericArray?> Function { get; }

    /// <inheritdoc/>
    internal override NumericArray? Call(LambdaValues values) => Function(values);
}

public sealed partial class InterventionType
{
    /// <summary>What a function of this process makes of x and s.</summary>
    public static InterventionType Lambda => LambdaIntervention.Kind;
}
