using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// Interchange of latents (pyvene, models/layers.py and interventions.py). What the autoencoder loses of x is not added
/// back.
/// </summary>
internal static class AutoencoderArithmetic
{
    /// <summary>z = ReLU((x − b_d) Eᵀ + b_e), and z Dᵀ + b_d.</summary>
    public static Value Dense(KindRows rows)
    {
        var latents = Exchanged(
            rows,
            value =>
                rows.Ops.Emit(
                    "Relu",
                    [
                        rows.Ops.Add(
                            rows.MatMulTransposed(
                                rows.Ops.Sub(value, rows.Parameter("autoencoder.decoder.0.bias")),
                                rows.Parameter("autoencoder.encoder.0.weight")
                            ),
                            rows.Parameter("autoencoder.encoder.0.bias")
                        ),
                    ]
                )
        );
        return rows.Ops.Add(
            rows.MatMulTransposed(latents, rows.Parameter("autoencoder.decoder.0.weight")),
            rows.Parameter("autoencoder.decoder.0.bias")
        );
    }

    /// <summary>z = xE + b_e where that exceeds the threshold, zero or less aside; and zD + b_d.</summary>
    public static Value JumpReLU(KindRows rows)
    {
        var latents = Exchanged(
            rows,
            value =>
            {
                var before = rows.Ops.Add(rows.MatMul(value, rows.Parameter("W_enc")), rows.Parameter("b_enc"));
                return rows.Ops.Where(
                    rows.Ops.Emit("Greater", [before, rows.Parameter("threshold")]),
                    rows.Ops.Emit("Relu", [before]),
                    rows.Number(0)
                );
            }
        );
        return rows.Ops.Add(rows.MatMul(latents, rows.Parameter("W_dec")), rows.Parameter("b_dec"));
    }

    private static Value Exchanged(KindRows rows, Func<Value, Value> encode) =>
        rows.Mask is null ? encode(rows.Source!) : rows.Choose(encode(rows.Source!), encode(rows.Base));
}
