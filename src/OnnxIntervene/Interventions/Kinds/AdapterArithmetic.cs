using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Small additions to what stands there: adapters and projections.</summary>
internal static class AdapterArithmetic
{
    /// <summary>x + scaling · (i Aᵀ) Bᵀ (Hu et al. 2021).</summary>
    public static Value LoRA(KindRows rows)
    {
        var inner = rows.MatMulTransposed(rows.ModuleInput!, rows.Parameter("lora_A.weight"));
        var outer = rows.MatMulTransposed(inner, rows.Parameter("lora_B.weight"));
        return rows.Ops.Add(rows.Base, rows.Ops.Mul(outer, rows.Parameter("scaling")));
    }

    /// <summary>x + (xVᵀ + b − xR) Rᵀ along the chosen columns (Wu et al. 2024).</summary>
    public static Value LoReFT(KindRows rows)
    {
        var rotation = rows.Parameter(ParameterShapes.Rotation);
        var wanted = rows.Ops.Add(
            rows.MatMulTransposed(rows.Base, rows.Parameter("learned_source.weight")),
            rows.Parameter("learned_source.bias")
        );
        return rows.Ops.Add(
            rows.Base,
            rows.MatMulTransposed(Chosen(rows, rows.Ops.Sub(wanted, rows.MatMul(rows.Base, rotation))), rotation)
        );
    }

    /// <summary>x − (xVᵀ)V along the chosen directions (Arditi et al. 2024).</summary>
    public static Value ProjectOut(KindRows rows)
    {
        var directions = rows.Parameter("directions");
        return rows.Ops.Sub(
            rows.Base,
            rows.MatMul(Chosen(rows, rows.MatMulTransposed(rows.Base, directions)), directions)
        );
    }

    private static Value Chosen(KindRows rows, Value parts) =>
        rows.Mask is null ? parts : rows.Choose(parts, rows.Number(0));
}
