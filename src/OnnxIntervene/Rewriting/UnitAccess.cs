using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;

namespace OnnxIntervene.Rewriting;

/// <summary>
/// Reads and writes units of a tensor at locations that are known when the model runs: by coordinates, or as rows where
/// the operator set is older than GatherND and ScatterND.
/// </summary>
internal static class UnitAccess
{
    private const int CoordinatesSince = 11;

    /// <summary>The units at the locations, one after the other.</summary>
    public static Value Read(OpBuilder ops, Value tensor, Value locations) =>
        ops.OperatorSetVersion >= CoordinatesSince
            ? ops.GatherND(tensor, locations, 0)
            : new UnitRows(ops, tensor, locations).Read();

    /// <summary>
    /// The tensor with other units at the locations; the tensor itself, bit for bit, where there are no locations.
    /// </summary>
    public static Value Write(OpBuilder ops, Value tensor, Value locations, Value units) =>
        ops.OperatorSetVersion >= CoordinatesSince
            ? ops.ScatterND(tensor, locations, units)
            : new UnitRows(ops, tensor, locations).Write(units);
}
