namespace OnnxIntervene.Reports.Drawing;

/// <summary>A piece of a label.</summary>
/// <param name="Text">What is drawn.</param>
/// <param name="IsFaint">Whether it shows a space and is drawn lightly.</param>
internal readonly record struct LabelPart(string Text, bool IsFaint);
