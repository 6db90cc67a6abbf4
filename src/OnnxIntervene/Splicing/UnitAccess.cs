using OnnxIntervene.IR;

namespace OnnxIntervene.Splicing;

/// <summary>Reads and writes units of a tensor at locations that are known when the model runs.</summary>
internal static class UnitAccess
{
    /// <summary>The units at the locations, one behind the other.</summary>
    public static Value Read(OpBuilder ops, Value tensor, Value locations) => ops.GatherND(tensor, locations, 0);

    /// <summary>The tensor with other units at the locations; the tensor itself, bit for bit, where there are no locations.</summary>
    public static Value Write(OpBuilder ops, Value tensor, Value locations, Value units) => ops.ScatterND(tensor, locations, units);
}
