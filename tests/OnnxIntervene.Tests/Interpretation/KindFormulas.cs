using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>
/// What each kind of intervention makes of one row, written down from the kinds' own papers and documentation.
/// </summary>
internal static class KindFormulas
{
    /// <summary>The new row.</summary>
    public static double[] Apply(Intervention intervention, KindInputs row)
    {
        var (x, s, chosen) = (row.Base, row.Source, row.Chosen);
        return intervention switch
        {
            VanillaIntervention or SkipIntervention or MeanIntervention or ConstantSourceIntervention => Rows.Choose(
                chosen,
                s!,
                x
            ),
            ZeroIntervention => Rows.Choose(chosen, new double[x.Length], x),
            AdditionIntervention => Rows.Choose(chosen, Rows.Add(x, Rows.Multiply(s!, row.Coefficient)), x),
            SubtractionIntervention => Rows.Choose(chosen, Rows.Subtract(x, Rows.Multiply(s!, row.Coefficient)), x),
            NoiseIntervention => Rows.Choose(
                chosen,
                Rows.Add(x, Rows.Multiply(s!, Number(intervention, "noise_level"))),
                x
            ),
            RotatedSpaceIntervention => Rows.TimesTransposed(
                Rows.Choose(chosen, Rotated(intervention, s!), Rotated(intervention, x)),
                Rotation(intervention)
            ),
            LowRankRotatedSpaceIntervention => Towards(
                x,
                Rotated(intervention, s!),
                Rotated(intervention, x),
                chosen,
                Rotation(intervention)
            ),
            BoundlessRotatedSpaceIntervention => InRotation(intervention, Boundary(intervention, x.Length), x, s!),
            SigmoidMaskRotatedSpaceIntervention => InRotation(intervention, SoftMask(intervention, "masks"), x, s!),
            SigmoidMaskIntervention => Rows.Mix(SoftMask(intervention, "mask"), x, s!),
            PCARotatedSpaceIntervention => PrincipalComponents(intervention, x, s!, chosen),
            AutoencoderIntervention => Autoencoded(intervention, x, s!, chosen),
            JumpReLUAutoencoderIntervention => JumpReLU(intervention, x, s!, chosen),
            LoRAIntervention => Adapted(intervention, x, row.ModuleInput!),
            LoReFTIntervention => Towards(
                x,
                Learned(intervention, x),
                Rotated(intervention, x),
                chosen,
                Rotation(intervention)
            ),
            ProjectOutIntervention => ProjectedOut(intervention, x, chosen),
            CustomIntervention => Rows.Choose(chosen, SampleCode.Formula(intervention, x, s), x),
            _ => Steered(intervention, row),
        };
    }

    private static double[] Steered(Intervention intervention, KindInputs row)
    {
        var (x, s, chosen) = (row.Base, row.Source, row.Chosen);
        return intervention switch
        {
            NormPreservingAdditionIntervention => Turned(x, Rows.Multiply(s!, row.Coefficient), chosen),
            ConditionalAdditionIntervention => ConditionallyAdded(
                intervention,
                x,
                Rows.Multiply(s!, row.Coefficient),
                chosen
            ),
            ClampIntervention => Clamped(intervention, x, chosen),
            var other => throw new InvalidOperationException($"{other} has no formula of rows."),
        };
    }

    private static NumericArray Rotation(Intervention intervention) => intervention.Parameters["rotate_layer.weight"];

    private static double Number(Intervention intervention, string name) => intervention.Parameters[name].Floats[0];

    private static double[] Vector(Intervention intervention, string name) => Rows.Of(intervention.Parameters[name]);

    private static double[] Rotated(Intervention intervention, double[] row) => Rows.Times(row, Rotation(intervention));

    // x + (wanted − present) Wᵀ along the chosen columns.
    private static double[] Towards(
        double[] x,
        double[] wanted,
        double[] present,
        HashSet<int>? chosen,
        NumericArray rotation
    ) =>
        Rows.Add(
            x,
            Rows.TimesTransposed(
                Rows.Choose(chosen, Rows.Subtract(wanted, present), new double[present.Length]),
                rotation
            )
        );

    private static double[] InRotation(Intervention intervention, double[] share, double[] x, double[] s) =>
        Rows.TimesTransposed(
            Rows.Mix(share, Rotated(intervention, x), Rotated(intervention, s)),
            Rotation(intervention)
        );

    private static double[] Boundary(Intervention intervention, int width)
    {
        var temperature = Number(intervention, "temperature");
        var end = Math.Clamp(Number(intervention, "intervention_boundaries"), 1e-3, 1) * width;
        var dimensions = Enumerable.Range(0, width).Select(index => (double)index).ToArray();
        var opening = Rows.Sigmoid(Rows.Multiply(dimensions, 1 / temperature));
        return Rows.Multiply(
            opening,
            Rows.Sigmoid([.. dimensions.Select(dimension => (end - dimension) / temperature)])
        );
    }

    private static double[] SoftMask(Intervention intervention, string name) =>
        Rows.Sigmoid(Rows.Multiply(Vector(intervention, name), 1 / Number(intervention, "temperature")));

    private static double[] PrincipalComponents(Intervention intervention, double[] x, double[] s, HashSet<int>? chosen)
    {
        var (components, mean, deviation) = (
            intervention.Parameters["pca_components"],
            Vector(intervention, "pca_mean"),
            Vector(intervention, "pca_std")
        );
        return Rows.Add(
            Rows.Multiply(Rows.Times(Rows.Choose(chosen, Projected(s), Projected(x)), components), deviation),
            mean
        );

        double[] Projected(double[] row) =>
            Rows.TimesTransposed(Rows.Divide(Rows.Subtract(row, mean), deviation), components);
    }

    private static double[] Autoencoded(Intervention intervention, double[] x, double[] s, HashSet<int>? chosen)
    {
        var offset = Vector(intervention, "autoencoder.decoder.0.bias");
        return Rows.Add(
            Rows.TimesTransposed(
                Rows.Choose(chosen, Encoded(s), Encoded(x)),
                intervention.Parameters["autoencoder.decoder.0.weight"]
            ),
            offset
        );

        double[] Encoded(double[] row) =>
            [
                .. Rows.Add(
                        Rows.TimesTransposed(
                            Rows.Subtract(row, offset),
                            intervention.Parameters["autoencoder.encoder.0.weight"]
                        ),
                        Vector(intervention, "autoencoder.encoder.0.bias")
                    )
                    .Select(number => Math.Max(0, number)),
            ];
    }

    private static double[] JumpReLU(Intervention intervention, double[] x, double[] s, HashSet<int>? chosen)
    {
        var threshold = Vector(intervention, "threshold");
        return Rows.Add(
            Rows.Times(Rows.Choose(chosen, Encoded(s), Encoded(x)), intervention.Parameters["W_dec"]),
            Vector(intervention, "b_dec")
        );

        double[] Encoded(double[] row) =>
            [
                .. Rows.Add(Rows.Times(row, intervention.Parameters["W_enc"]), Vector(intervention, "b_enc"))
                    .Select((number, latent) => number > threshold[latent] ? Math.Max(0, number) : 0),
            ];
    }

    private static double[] Adapted(Intervention intervention, double[] x, double[] input)
    {
        var inner = Rows.TimesTransposed(input, intervention.Parameters["lora_A.weight"]);
        return Rows.Add(
            x,
            Rows.Multiply(
                Rows.TimesTransposed(inner, intervention.Parameters["lora_B.weight"]),
                Number(intervention, "scaling")
            )
        );
    }

    private static double[] Learned(Intervention intervention, double[] x) =>
        Rows.Add(
            Rows.TimesTransposed(x, intervention.Parameters["learned_source.weight"]),
            Vector(intervention, "learned_source.bias")
        );

    private static double[] ProjectedOut(Intervention intervention, double[] x, HashSet<int>? chosen)
    {
        var directions = intervention.Parameters["directions"];
        var parts = Rows.TimesTransposed(x, directions);
        return Rows.Subtract(x, Rows.Times(Rows.Choose(chosen, parts, new double[parts.Length]), directions));
    }

    // The sum, as long as x among the chosen dimensions.
    private static double[] Turned(double[] x, double[] added, HashSet<int>? chosen)
    {
        var sum = Rows.Choose(chosen, Rows.Add(x, added), x);
        var dimensions = Enumerable.Range(0, x.Length).Where(index => chosen?.Contains(index) ?? true).ToList();
        var (before, after) = (Length(x), Length(sum));
        return before == 0 || after == 0 ? x : Rows.Choose(chosen, Rows.Multiply(sum, before / after), x);

        double Length(double[] row) => Math.Sqrt(dimensions.Sum(index => row[index] * row[index]));
    }

    private static double[] ConditionallyAdded(
        Intervention intervention,
        double[] x,
        double[] added,
        HashSet<int>? chosen
    )
    {
        if (Along(intervention, x) <= Number(intervention, "threshold"))
            return x;
        return Number(intervention, "keep_norm") == 1
            ? Turned(x, added, chosen)
            : Rows.Choose(chosen, Rows.Add(x, added), x);
    }

    private static double[] Clamped(Intervention intervention, double[] x, HashSet<int>? chosen)
    {
        var along = Along(intervention, x);
        var wanted = Math.Clamp(along, Number(intervention, "low"), Number(intervention, "high"));
        var change = Rows.Multiply(Vector(intervention, "direction"), wanted - along);
        return Rows.Choose(chosen, Rows.Add(x, change), x);
    }

    private static double Along(Intervention intervention, double[] x) =>
        x.Zip(Vector(intervention, "direction"), (value, part) => value * part).Sum();
}
