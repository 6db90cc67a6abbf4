namespace OnnxIntervene.Reports.Tables;

/// <summary>A column of a figure's table.</summary>
/// <param name="Name">The column's name, which no other column of the table has.</param>
internal abstract record TableColumn(string Name);

/// <summary>A column of text, such as tokens.</summary>
internal sealed record TextColumn(string Name, string[] Cells) : TableColumn(Name);

/// <summary>A column of whole numbers, such as indices.</summary>
internal sealed record IntegerColumn(string Name, int[] Cells) : TableColumn(Name);

/// <summary>A column of measured numbers.</summary>
internal sealed record NumberColumn(string Name, double[] Cells) : TableColumn(Name);
