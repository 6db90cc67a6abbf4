namespace OnnxIntervene.Tests.Gradients;

/// <summary>Samples of every operator that has a gradient rule, in several shapes each.</summary>
internal static class GradientSamples
{
    public static IEnumerable<GradientSample> All() =>
        [
            .. ElementwiseSamples.All(),
            .. FunctionSamples.All(),
            .. ActivationSamples.All(),
            .. ProductSamples.All(),
            .. ShapeSamples.All(),
            .. SelectionSamples.All(),
            .. ReductionSamples.All(),
            .. OtherSamples.All(),
        ];
}
