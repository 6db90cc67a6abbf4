using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>A constant in place of x.</summary>
public sealed record ConstantSourceIntervention : Intervention
{
    /// <summary>Creates the intervention.</summary>
    /// <param name="source">
    /// The constant: <c>[width]</c>, <c>[units, width]</c> or <c>[batch, units, width]</c>.
    /// </param>
    public ConstantSourceIntervention(NumericArray source)
        : base(InterventionType.ConstantSource, default, ("source_representation", source)) { }

    /// <inheritdoc/>
    public override NumericArray? Source(int units, int width) => Parameters["source_representation"];
}
