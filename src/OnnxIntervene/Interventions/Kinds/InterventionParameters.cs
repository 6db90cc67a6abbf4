using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Makes interventions of parameters by name.</summary>
public static class InterventionParameters
{
    /// <summary>
    /// The intervention of a kind with these parameters, which bear pyvene's names (peft's for LoRA, pyreft's for
    /// LoReFT).
    /// </summary>
    /// <param name="type">The kind.</param>
    /// <param name="parameters">The arrays; others than the kind's own are left aside.</param>
    /// <exception cref="InterventionException">A parameter is missing, or does not fit the others.</exception>
    public static Intervention Create(InterventionType type, IReadOnlyDictionary<string, NumericArray> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return type switch
        {
            InterventionType.Vanilla => new VanillaIntervention(),
            InterventionType.Addition => new AdditionIntervention(),
            InterventionType.Subtraction => new SubtractionIntervention(),
            InterventionType.Zero => new ZeroIntervention(),
            InterventionType.Collect => new CollectIntervention(),
            InterventionType.Skip => new SkipIntervention(),
            InterventionType.Mean => new MeanIntervention(Get("mean")),
            InterventionType.ConstantSource => new ConstantSourceIntervention(Get("source_representation")),
            InterventionType.Noise => Noise(),
            InterventionType.RotatedSpace => new RotatedSpaceIntervention(Get(ParameterShapes.Rotation)),
            InterventionType.LowRankRotatedSpace => new LowRankRotatedSpaceIntervention(Get(ParameterShapes.Rotation)),
            InterventionType.BoundlessRotatedSpace => new BoundlessRotatedSpaceIntervention(
                Get(ParameterShapes.Rotation),
                Get("intervention_boundaries"),
                Get(ParameterShapes.Temperature)
            ),
            InterventionType.SigmoidMask => new SigmoidMaskIntervention(Get("mask"), Get(ParameterShapes.Temperature)),
            InterventionType.SigmoidMaskRotatedSpace => new SigmoidMaskRotatedSpaceIntervention(
                Get(ParameterShapes.Rotation),
                Get("masks"),
                Get(ParameterShapes.Temperature)
            ),
            InterventionType.PCARotatedSpace => new PCARotatedSpaceIntervention(
                Get("pca_components"),
                Get("pca_mean"),
                Get("pca_std")
            ),
            InterventionType.Autoencoder => new AutoencoderIntervention(
                Get("autoencoder.encoder.0.weight"),
                Get("autoencoder.encoder.0.bias"),
                Get("autoencoder.decoder.0.weight"),
                Get("autoencoder.decoder.0.bias")
            ),
            InterventionType.JumpReLUAutoencoder => new JumpReLUAutoencoderIntervention(
                Get("W_enc"),
                Get("W_dec"),
                Get("threshold"),
                Get("b_enc"),
                Get("b_dec")
            ),
            InterventionType.LoRA => new LoRAIntervention(
                Get("lora_A.weight"),
                Get("lora_B.weight"),
                Number("scaling", 1)
            ),
            InterventionType.LoReFT => new LoReFTIntervention(
                Get(ParameterShapes.Rotation),
                Get("learned_source.weight"),
                Get("learned_source.bias")
            ),
            InterventionType.ProjectOut => new ProjectOutIntervention(Get("directions")),
            _ => throw new InterventionException(
                $"{type.ClassName()} is code, which no file of parameters holds; give the instance."
            ),
        };

        NumericArray Get(string name) =>
            parameters.TryGetValue(name, out var array)
                ? array
                : throw new InterventionException(
                    $"{type.ClassName()} needs the parameter '{name}'; there are: {string.Join(", ", parameters.Keys)}."
                );

        float Number(string name, float otherwise) =>
            parameters.TryGetValue(name, out var array) ? array.Floats[0] : otherwise;

        Intervention Noise()
        {
            var level = Number("noise_level", NoiseIntervention.UsualLevel);
            return parameters.TryGetValue("noise", out var noise)
                ? new NoiseIntervention(noise, level)
                : new NoiseIntervention(level);
        }
    }

    /// <summary>Whether these parameters make a whole intervention of the kind, so that none need be fresh.</summary>
    public static bool AreComplete(InterventionType type, IReadOnlyDictionary<string, NumericArray> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return ParameterShapes
            .Of(type, default)
            .All(entry => entry.Name == "scaling" || parameters.ContainsKey(entry.Name));
    }
}
