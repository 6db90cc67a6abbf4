using OnnxIntervene.Reports.Figures;
using SkiaSharp;

namespace OnnxIntervene.Reports.Tests;

internal static class SampleHeatmaps
{
    public static Heatmap Create(int rows = 3, int columns = 4, string label = "The") =>
        new()
        {
            Title = "Restoring block_output",
            RowLabels = [.. Enumerable.Range(0, rows).Select(row => $"{label}{row}")],
            ColumnLabels = [.. Enumerable.Range(0, columns).Select(column => $"{column}")],
            Values =
            [
                .. Enumerable
                    .Range(0, rows * columns)
                    .Select(index => index == 1 ? double.NaN : (double)index / (rows * columns)),
            ],
            RowAxis = "Token",
            ColumnAxis = "Layer",
            ValueLabel = "p",
            Scale = ColorScale.Sequential(0, 1),
            EmphasizedRows = [rows - 1],
        };

    public static Report Report(string label = "The") =>
        new()
        {
            Title = $"Trace of {label}",
            Summary = "One component at a time.",
            Facts = [new ReportFact("clean", "0.99"), new ReportFact("answer", label)],
            Heatmaps = [new ReportHeatmap("block_output", Create(label: label) with { Caption = $"For {label}." })],
            Tables =
            [
                new ReportTable(
                    $"Top {label}",
                    ["token", "p"],
                    [
                        [label, "0.5"],
                        ["a", "0.25"],
                    ]
                ),
            ],
            Json = $$"""{"answer": "{{label}}"}""",
            Command = $"onnx-intervene trace --answer {label}",
        };

    public static RgbColor PixelAt(SKBitmap bitmap, float x, float y)
    {
        var pixel = bitmap.GetPixel((int)x, (int)y);
        return new RgbColor(pixel.Red, pixel.Green, pixel.Blue);
    }
}
