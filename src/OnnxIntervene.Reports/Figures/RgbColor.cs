namespace OnnxIntervene.Reports.Figures;

/// <summary>A colour of the sRGB space.</summary>
/// <param name="Red">0 to 255.</param>
/// <param name="Green">0 to 255.</param>
/// <param name="Blue">0 to 255.</param>
public readonly record struct RgbColor(byte Red, byte Green, byte Blue)
{
    /// <summary>How light the colour looks, 0 to 1 (ITU-R BT.601).</summary>
    public double Lightness => ((0.299 * Red) + (0.587 * Green) + (0.114 * Blue)) / 255;

    /// <summary>The colour at a fraction of the way to another.</summary>
    public RgbColor Toward(RgbColor other, double share) =>
        new(Mix(Red, other.Red, share), Mix(Green, other.Green, share), Mix(Blue, other.Blue, share));

    /// <summary>The colour as CSS writes it.</summary>
    public override string ToString() => $"#{Red:X2}{Green:X2}{Blue:X2}";

    private static byte Mix(byte from, byte to, double share) => (byte)Math.Round(from + ((to - from) * share));
}
