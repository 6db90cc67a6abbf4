using System.Globalization;
using System.Text;

namespace OnnxIntervene.Reports;

/// <summary>Writes a heatmap as CSV, a line for each cell (RFC 4180).</summary>
public static class HeatmapCsv
{
    /// <summary>The text: indices and labels of row and column, then the number as exactly as it is held.</summary>
    public static string Render(Heatmap heatmap)
    {
        ArgumentNullException.ThrowIfNull(heatmap);
        var (row, column) = (heatmap.RowAxis.ToLowerInvariant(), heatmap.ColumnAxis.ToLowerInvariant());
        var text = new StringBuilder($"{Quote($"{row}_index")},{Quote(row)},{Quote($"{column}_index")},{Quote(column)},{Quote(heatmap.ValueLabel)}\r\n");
        for (var y = 0; y < heatmap.RowLabels.Length; y++)
        {
            for (var x = 0; x < heatmap.ColumnLabels.Length; x++)
            {
                var value = heatmap[y, x].ToString("R", CultureInfo.InvariantCulture);
                text.Append(CultureInfo.InvariantCulture, $"{y},{Quote(heatmap.RowLabels[y])},{x},{Quote(heatmap.ColumnLabels[x])},{value}\r\n");
            }
        }

        return text.ToString();
    }

    private static string Quote(string field) =>
        field.AsSpan().ContainsAny(",\"\r\n") || field.StartsWith(' ') ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field;
}
