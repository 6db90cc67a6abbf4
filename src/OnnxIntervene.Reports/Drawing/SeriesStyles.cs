using System.Collections.Immutable;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>The lines of a plot, told apart by colour and by dashes.</summary>
internal static class SeriesStyles
{
    public const float BandOpacity = 0.18f;

    // After Okabe and Ito (jfly.uni-koeln.de/color), darkened to a contrast of 3 on white and on the page's dark.
    private static readonly ImmutableArray<RgbColor> s_colors =
    [
        new(0, 120, 190),
        new(213, 94, 0),
        new(0, 143, 104),
        new(183, 91, 156),
        new(150, 118, 0),
        new(110, 115, 200),
        new(118, 118, 118),
    ];

    private static readonly ImmutableArray<float> s_dashes = [0, 6, 2.5f, 9];

    public static LineStyle Of(int series) =>
        new(s_colors[series % s_colors.Length], 1.75f, Dash: s_dashes[series % s_dashes.Length]);
}
