using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interventions;

/// <summary>A kind that the library knows nothing of: every dimension of x times a factor.</summary>
internal sealed record ScaledIntervention : Intervention
{
    private const string FactorsName = "factors";

    public static InterventionType Kind { get; } =
        new("Scaled", rows => rows.Choose(rows.Ops.Mul(rows.Base, rows.Parameter(FactorsName)), rows.Base))
        {
            Source = KindSource.None,
            IsPyvenes = false,
            Parameters = [new(FactorsName, sizes => [sizes.Width], ParameterTraining.Plain)],
            Create = arrays => new ScaledIntervention(arrays[FactorsName]),
            Begin = start => new ScaledIntervention(KindStart.Filled(start.Width, 1)),
        };

    public ScaledIntervention(NumericArray factors)
        : base(Kind, new(factors.Length, factors.Length), (FactorsName, factors)) { }
}
