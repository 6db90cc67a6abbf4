namespace OnnxIntervene.Reports.Tables;

/// <summary>Collects the columns of a table and gives each a name of its own.</summary>
internal sealed class FigureTableBuilder
{
    private readonly List<TableColumn> _columns = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private int _length;

    public void AddText(string name, IEnumerable<string> cells) =>
        Add(new TextColumn(Free(name), [.. cells]), column => column.Cells.Length);

    public void AddIntegers(string name, IEnumerable<int> cells) =>
        Add(new IntegerColumn(Free(name), [.. cells]), column => column.Cells.Length);

    public void AddNumbers(string name, IEnumerable<double> cells) =>
        Add(new NumberColumn(Free(name), [.. cells]), column => column.Cells.Length);

    public FigureTable Build() => new(_length, [.. _columns]);

    private void Add<TColumn>(TColumn column, Func<TColumn, int> length)
        where TColumn : TableColumn
    {
        _length = length(column);
        _columns.Add(column);
    }

    // Readers of tables find columns by name; an axis or a value may be called anything.
    private string Free(string name)
    {
        var wanted = name.Length > 0 ? name : "column";
        var free = wanted;
        for (var number = 2; !_names.Add(free); number++)
            free = $"{wanted}_{number}";
        return free;
    }
}
