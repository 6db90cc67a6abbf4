using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Components;

/// <summary>What exporters write between an addition to a stream and all that reads it.</summary>
internal static class StreamGuard
{
    private const float MostOfHalf = 6e4f;
    private const float Half = 0.7f;

    public static Func<Value, Value> Of(LayerSketch sketch, string kind, int width)
    {
        var mask = kind switch
        {
            "where" => sketch.Mask(ElementType.Bool),
            "mask" => sketch.Mask(ElementType.Float32),
            _ => null,
        };
        return kind switch
        {
            "scale" => sum => sketch.Apply("Mul", sketch.Numbers(Half), sum),
            "clip" => sum => sketch.Apply("Clip", sum, sketch.Numbers(-MostOfHalf), sketch.Numbers(MostOfHalf)),
            "where" => sum => sketch.Apply("Where", mask!, sum, sketch.Numbers(0)),
            "mask" => sum => sketch.Apply("Mul", sum, mask!),
            "batch norm" => sum => sketch.BatchNorm(sum, width),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }
}
