using OnnxIntervene.Reports.Figures;
using Spectre.Console;

namespace OnnxIntervene.Cli.Output;

/// <summary>
/// Prints a heatmap with two characters for each cell: colours where the terminal has them, shades elsewhere.
/// </summary>
internal static class TerminalHeatmap
{
    private const string Shades = " ░▒▓█";

    public static void Write(IAnsiConsole console, Heatmap heatmap)
    {
        console.WriteLine(TerminalText.Clean(heatmap.Title));
        var width = heatmap.RowLabels.Max(label => TerminalText.Clean(label).Length) + 1;
        for (var row = 0; row < heatmap.RowLabels.Length; row++)
        {
            var star = heatmap.EmphasizedRows.Contains(row) ? "*" : " ";
            console.Write((TerminalText.Clean(heatmap.RowLabels[row]) + star).PadLeft(width + 1) + " ");
            for (var column = 0; column < heatmap.ColumnLabels.Length; column++)
                WriteCell(console, heatmap, heatmap[row, column]);
            console.WriteLine();
        }

        console.WriteLine(
            new string(' ', width + 2)
                + string.Concat(
                    heatmap.ColumnLabels.Select(label => (label.Length < 2 ? label : label[^2..]).PadRight(2))
                )
        );
        console.WriteLine(
            $"{new string(' ', width + 2)}{heatmap.ColumnAxis.ToLowerInvariant()}; {heatmap.ValueLabel} from "
                + $"{heatmap.Scale.Minimum:F2} to {heatmap.Scale.Maximum:F2}"
        );
        console.WriteLine();
    }

    private static void WriteCell(IAnsiConsole console, Heatmap heatmap, double value)
    {
        var color = heatmap.Scale.At(value);
        if (console.Profile.Capabilities is { Ansi: true, ColorSystem: ColorSystem.TrueColor or ColorSystem.EightBit })
        {
            console.Write(new Text("  ", new Style(background: new Color(color.Red, color.Green, color.Blue))));
            return;
        }

        var share = (value - heatmap.Scale.Minimum) / (heatmap.Scale.Maximum - heatmap.Scale.Minimum);
        console.Write(
            new string(
                double.IsNaN(share) ? '?' : Shades[(int)Math.Round(Math.Clamp(share, 0, 1) * (Shades.Length - 1))],
                2
            )
        );
    }
}
