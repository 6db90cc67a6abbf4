using System.Buffers;
using System.Globalization;
using System.Text;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports;

/// <summary>Writes a heatmap as CSV, a line for each cell (RFC 4180).</summary>
public static class HeatmapCsv
{
    // Spreadsheets take the full-width forms as well.
    private const string Formula = "=+-@＝＋－＠";
    private static readonly SearchValues<char> s_quoted = SearchValues.Create(",;\t\"\r\n");

    /// <summary>
    /// The text: index and label of row and column, then the number with every digit it takes to read it back. The
    /// indices are there because a prompt may hold a token twice.
    /// </summary>
    public static string Render(Heatmap heatmap)
    {
        ArgumentNullException.ThrowIfNull(heatmap);
        heatmap.Check();
        var text = new StringBuilder(Header(heatmap));
        for (var row = 0; row < heatmap.RowLabels.Length; row++)
        {
            for (var column = 0; column < heatmap.ColumnLabels.Length; column++)
            {
                var (down, across) = (Quote(heatmap.RowLabels[row]), Quote(heatmap.ColumnLabels[column]));
                var value = heatmap[row, column].ToString("R", CultureInfo.InvariantCulture);
                text.Append(CultureInfo.InvariantCulture, $"{row},{down},{column},{across},{value}\r\n");
            }
        }

        return text.ToString();
    }

    private static string Header(Heatmap heatmap)
    {
        var (row, column) = (heatmap.RowAxis.ToLowerInvariant(), heatmap.ColumnAxis.ToLowerInvariant());
        if (row == column)
            (row, column) = ($"row_{row}", $"column_{column}");
        string[] names = [$"{row}_index", row, $"{column}_index", column, heatmap.ValueLabel];
        return $"{string.Join(',', names.Select(Quote))}\r\n";
    }

    // Readers that trim would lose the space that begins a token. Spreadsheets compute a text that begins like a
    // formula, unless an apostrophe comes first (OWASP, CSV Injection).
    private static string Quote(string field)
    {
        if (field is ['\t' or '\r' or '\n', ..] || field.TrimStart() is [var first, ..] && Formula.Contains(first))
            field = $"'{field}";
        var mustQuote = field.AsSpan().ContainsAny(s_quoted) || field.StartsWith(' ') || field.EndsWith(' ');
        return mustQuote ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field;
    }
}
