using System.Diagnostics;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Reports.Tables;
using Parquet;
using Parquet.Schema;

namespace OnnxIntervene.Reports;

/// <summary>Writes a figure's numbers as Apache Parquet: the table of <see cref="FigureCsv"/>, with types.</summary>
public static class FigureParquet
{
    /// <summary>
    /// The file's bytes: labels are strings, indices and counts 32-bit integers, numbers doubles. The file's
    /// metadata holds <c>title</c> and <c>caption</c>.
    /// </summary>
    /// <exception cref="ArgumentException">The figure's labels and values do not fit each other.</exception>
    public static byte[] Render(Figure figure)
    {
        // The writer only waits for its stream, which is memory.
        using var stream = new MemoryStream();
        WriteAsync(stream, FigureTable.Of(figure), figure).GetAwaiter().GetResult();
        return stream.ToArray();
    }

    private static async Task WriteAsync(MemoryStream stream, FigureTable table, Figure figure)
    {
        var fields = table.Columns.Select(Field).ToArray();
        await using var writer = await ParquetWriter
            .CreateAsync(new ParquetSchema(fields), stream)
            .ConfigureAwait(false);
        writer.CustomMetadata = new Dictionary<string, string>
        {
            ["title"] = figure.Title,
            ["caption"] = figure.Caption,
        };
        using var group = writer.CreateRowGroup();
        foreach (var (field, column) in fields.Zip(table.Columns))
            await WriteAsync(group, field, column).ConfigureAwait(false);
    }

    private static DataField Field(TableColumn column) =>
        column switch
        {
            TextColumn => new DataField<string>(column.Name, false),
            IntegerColumn => new DataField<int>(column.Name, false),
            NumberColumn => new DataField<double>(column.Name, false),
            _ => throw new UnreachableException($"No field is known of {column.GetType().Name}."),
        };

    private static async Task WriteAsync(ParquetRowGroupWriter group, DataField field, TableColumn column)
    {
        var written = column switch
        {
            TextColumn text => group.WriteAsync(field, text.Cells),
            IntegerColumn integers => group.WriteAsync<int>(field, integers.Cells),
            NumberColumn numbers => group.WriteAsync<double>(field, numbers.Cells),
            _ => throw new UnreachableException($"No values are known of {column.GetType().Name}."),
        };
        await written.ConfigureAwait(false);
    }
}
