using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// A function of this process computes new values for the units, between two runs of the model (pyvene's
/// <c>LambdaIntervention</c>). Each such intervention costs one more run.
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
    /// <param name="function">Returns the new values in the base's shape; null leaves the values unchanged.</param>
    public LambdaIntervention(Func<LambdaValues, NumericArray?> function)
        : base(Kind, default) => Function = function;

    /// <summary>The function.</summary>
    public Func<LambdaValues, NumericArray?> Function { get; }

    /// <inheritdoc/>
    internal override NumericArray? Call(LambdaValues values) => Function(values);
}

public sealed partial class InterventionType
{
    /// <summary>What a function of this process computes from x and s.</summary>
    public static InterventionType Lambda => LambdaIntervention.Kind;
}
