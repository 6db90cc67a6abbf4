namespace OnnxIntervene.Reports.Drawing;

/// <summary>Which part of a text is at its point.</summary>
internal enum TextAlignment
{
    Start,
    Middle,
    End,
}
