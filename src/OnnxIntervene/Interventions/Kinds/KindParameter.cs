using System.Collections.Immutable;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>One of the arrays that interventions of a kind are made from.</summary>
/// <param name="Name">Its name in pyvene's files (peft's for LoRA, pyreft's for LoReFT).</param>
/// <param name="Shape">
/// Its shape; null where any shape that broadcasts to the units fits, and the array is not an input of the graph.
/// </param>
/// <param name="Training">How training changes it.</param>
internal sealed record KindParameter(
    string Name,
    Func<InterventionSizes, ImmutableArray<int>>? Shape,
    ParameterTraining Training = ParameterTraining.None
)
{
    /// <summary>Whether an intervention can be made without it.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Whether it is the boundary of a subspace, which training may be asked to keep small.</summary>
    public bool IsBoundary { get; init; }

    /// <summary>Whether torch keeps its one number as a scalar.</summary>
    public bool IsScalar { get; init; }
}
