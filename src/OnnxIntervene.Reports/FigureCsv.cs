using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Reports.Tables;

namespace OnnxIntervene.Reports;

/// <summary>Writes a figure's numbers as CSV, a line for each number (RFC 4180).</summary>
public static class FigureCsv
{
    // Spreadsheets take the full-width forms as well.
    private const string Formula = "=+-@＝＋－＠";
    private static readonly SearchValues<char> s_quoted = SearchValues.Create(",;\t\"\r\n");

    /// <summary>
    /// The text: for a heatmap index and label of row and column, then the number with every digit it takes to read it
    /// back, its standard error and its count where they are known. Other figures begin with more columns: what was
    /// chosen, the line's name, layer and head.
    /// </summary>
    /// <exception cref="ArgumentException">The figure's labels and values do not fit each other.</exception>
    public static string Render(Figure figure)
    {
        var table = FigureTable.Of(figure);
        var text = new StringBuilder();
        text.AppendJoin(',', table.Columns.Select(column => Quote(column.Name))).Append("\r\n");
        for (var row = 0; row < table.Length; row++)
        {
            for (var column = 0; column < table.Columns.Length; column++)
                text.Append(column > 0 ? "," : "").Append(Cell(table.Columns[column], row));
            text.Append("\r\n");
        }

        return text.ToString();
    }

    private static string Cell(TableColumn column, int row) =>
        column switch
        {
            TextColumn text => Quote(text.Cells[row]),
            IntegerColumn integers => integers.Cells[row].ToString(CultureInfo.InvariantCulture),
            NumberColumn numbers => numbers.Cells[row].ToString("R", CultureInfo.InvariantCulture),
            _ => throw new UnreachableException($"No text is known of {column.GetType().Name}."),
        };

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
