using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Numerics;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>Draws interventions with parameters that change what they meet.</summary>
/// <param name="draws">The source of chance.</param>
/// <param name="width">The width of one row of the kind.</param>
/// <param name="inputWidth">The width of what the module reads.</param>
internal sealed class ParameterDraw(Draws draws, int width, int inputWidth)
{
    public Intervention Of(InterventionType type, Func<NumericArray> constant, bool takesSource) =>
        type.Name switch
        {
            nameof(InterventionType.Vanilla) => new VanillaIntervention(),
            nameof(InterventionType.Addition) => new AdditionIntervention(),
            nameof(InterventionType.Subtraction) => new SubtractionIntervention(),
            nameof(InterventionType.Zero) => new ZeroIntervention(),
            nameof(InterventionType.Collect) => new CollectIntervention(),
            nameof(InterventionType.Skip) => new SkipIntervention(),
            nameof(InterventionType.Mean) => new MeanIntervention(constant()),
            nameof(InterventionType.ConstantSource) => new ConstantSourceIntervention(constant()),
            nameof(InterventionType.Noise) => draws.Chance(0.5)
                ? new NoiseIntervention(constant(), 0.7f)
                : new NoiseIntervention(2f),
            nameof(InterventionType.Lambda) => new LambdaIntervention(draws.Chance(0.1) ? _ => null : SampleCode.Turn),
            nameof(InterventionType.Custom) => SampleCode.Custom(draws.Normal(1, width), takesSource),
            nameof(InterventionType.LoRA) => LoRA(),
            nameof(InterventionType.LoReFT) => LoReFT(),
            nameof(InterventionType.ProjectOut) => new ProjectOutIntervention(
                draws.Chance(0.3) ? draws.Normal(1, width) : draws.Normal(1, draws.From(1, 3), width)
            ),
            nameof(InterventionType.JumpReLUAutoencoder) => JumpReLU(),
            nameof(InterventionType.NormPreservingAddition) => new NormPreservingAdditionIntervention(),
            nameof(InterventionType.ConditionalAddition) => new ConditionalAdditionIntervention(
                draws.Normal(1, width),
                draws.One([-0.5f, 0.1f]),
                draws.Chance(0.5)
            ),
            nameof(InterventionType.Clamp) => Clamp(draws.Normal(1, width), draws.From(0, 4)),
            _ => Folded(type),
        };

    private Intervention Folded(InterventionType type) =>
        type.Name switch
        {
            nameof(InterventionType.RotatedSpace) => new RotatedSpaceIntervention(Rotation(width)),
            nameof(InterventionType.LowRankRotatedSpace) => new LowRankRotatedSpaceIntervention(
                Rotation(draws.From(1, Math.Min(6, width)))
            ),
            nameof(InterventionType.BoundlessRotatedSpace) => new BoundlessRotatedSpaceIntervention(
                Rotation(width),
                Single(draws.One([-0.2f, 0.3f, 0.7f, 1.4f])),
                Single(draws.One([0.5f, 5f]))
            ),
            nameof(InterventionType.SigmoidMask) => new SigmoidMaskIntervention(draws.Normal(1, width), Single(0.6f)),
            nameof(InterventionType.SigmoidMaskRotatedSpace) => new SigmoidMaskRotatedSpaceIntervention(
                Rotation(width),
                draws.Normal(1, width),
                Single(0.6f)
            ),
            nameof(InterventionType.PCARotatedSpace) => PrincipalComponents(),
            _ => Autoencoder(),
        };

    private PCARotatedSpaceIntervention PrincipalComponents()
    {
        var rank = draws.From(1, Math.Min(6, width));
        var components = new float[rank * width];
        var rotation = Rotation(rank);
        for (var index = 0; index < components.Length; index++)
            components[index] = rotation.Floats[(index % width * rank) + (index / width)];
        var deviation = draws.Normal(0.2, width).Floats.ToArray().Select(number => 1 + Math.Abs(number)).ToArray();
        return new PCARotatedSpaceIntervention(
            NumericArray.Of(components, rank, width),
            draws.Normal(0.3, width),
            NumericArray.Of(deviation, width)
        );
    }

    private AutoencoderIntervention Autoencoder()
    {
        var latents = draws.From(2, 12);
        return new AutoencoderIntervention(
            draws.Normal(0.5, latents, width),
            draws.Normal(0.3, latents),
            draws.Normal(0.5, width, latents),
            draws.Normal(0.3, width)
        );
    }

    private JumpReLUAutoencoderIntervention JumpReLU()
    {
        var latents = draws.From(2, 12);
        return new JumpReLUAutoencoderIntervention(
            draws.Normal(0.5, width, latents),
            draws.Normal(0.5, latents, width),
            draws.Normal(0.2, latents),
            draws.Normal(0.3, latents),
            draws.Normal(0.3, width)
        );
    }

    private static ClampIntervention Clamp(NumericArray direction, int form) =>
        form switch
        {
            0 => ClampIntervention.To(direction, 1.5f),
            1 => new ClampIntervention(direction, float.NegativeInfinity, -0.2f),
            2 => new ClampIntervention(direction, 0.3f, float.PositiveInfinity),
            _ => new ClampIntervention(direction, -0.1f, 0.2f),
        };

    private LoRAIntervention LoRA()
    {
        var rank = draws.From(1, 4);
        return new LoRAIntervention(draws.Normal(0.4, rank, inputWidth), draws.Normal(0.4, width, rank), 1.5f);
    }

    private LoReFTIntervention LoReFT()
    {
        var rank = draws.From(1, Math.Min(4, width));
        return new LoReFTIntervention(Rotation(rank), draws.Normal(0.4, rank, width), draws.Normal(1, rank));
    }

    private NumericArray Rotation(int columns) => Orthonormalization.Columns(draws.Normal(1, width, columns));

    private static NumericArray Single(float number) => NumericArray.Of(new[] { number }, 1);
}
