namespace OnnxIntervene.Reports.Drawing;

/// <summary>Where text is placed: next to or around a point, which is at half its height.</summary>
/// <param name="X">The point, across.</param>
/// <param name="Y">The point, down.</param>
/// <param name="Anchor">Which part of the text is at the point.</param>
/// <param name="Size">The font's size.</param>
/// <param name="IsTurned">Whether it reads upwards.</param>
internal readonly record struct TextSpot(float X, float Y, TextAlignment Anchor, float Size, bool IsTurned = false)
{
    /// <summary>From the middle of small letters and capitals down to the baseline.</summary>
    public float Drop => Size * 0.36f;
}
