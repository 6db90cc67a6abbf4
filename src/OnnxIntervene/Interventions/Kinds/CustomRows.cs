using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>What a Custom intervention's nodes are built from; everything is 32-bit floats.</summary>
/// <param name="Ops">Writes nodes into the graph.</param>
/// <param name="Base">The values at the units, <c>[units, width]</c>.</param>
/// <param name="Source">The source at them, <c>[units, width]</c>; null where the intervention takes none.</param>
/// <param name="Parameters">The parameters by name, run-time inputs of the graph.</param>
public sealed record CustomRows(
    OpBuilder Ops,
    Value Base,
    Value? Source,
    IReadOnlyDictionary<string, Value> Parameters
);
