using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports.Drawing;

/// <summary>How a line is drawn.</summary>
/// <param name="Color">Its colour.</param>
/// <param name="Width">Its width in points.</param>
/// <param name="Opacity">0 to 1.</param>
/// <param name="Dash">Points drawn and left out in turn; 0 for a whole line.</param>
internal readonly record struct LineStyle(RgbColor Color, float Width, float Opacity = 1, float Dash = 0);
