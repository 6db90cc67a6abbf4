using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Weights;

/// <summary>How a file holds a node's matrix.</summary>
internal abstract class StoredMatrix(Node node)
{
    // What MatMulNBits takes.
    private const int SmallestBlock = 16;

    /// <summary>The node that multiplies with it.</summary>
    public Node Node => node;

    /// <summary>What is read goes in by rows.</summary>
    public abstract int Rows { get; }

    /// <summary>What is computed comes out by columns.</summary>
    public abstract int Columns { get; }

    /// <summary>The constants that hold it.</summary>
    public abstract IReadOnlyList<Value> Constants { get; }

    /// <summary>Its numbers, row by row.</summary>
    public abstract float[] Read();

    /// <summary>
    /// Gives the node other numbers, as constants of its own; says how they were rounded, null where a few bits hold
    /// them exactly, or floats do.
    /// </summary>
    public abstract WeightRounding? Write(float[] numbers, NameScope names);

    /// <summary>
    /// Gives the node some of the rows and columns, as constants of its own.
    /// </summary>
    /// <param name="rows">The rows that stay, ascending.</param>
    /// <param name="columns">The columns that stay, ascending.</param>
    /// <param name="names">The graph's names.</param>
    /// <returns>Why the layout does not allow it; null where it is done.</returns>
    public abstract string? Keep(IReadOnlyList<int> rows, IReadOnlyList<int> columns, NameScope names);

    /// <summary>Whether something else reads the constants too.</summary>
    public Node? OtherReader =>
        Constants.SelectMany(value => value.Uses).Select(use => use.Node).FirstOrDefault(other => !IsOwn(other));

    /// <summary>Whether a node is part of how this one reads the matrix.</summary>
    protected virtual bool IsOwn(Node reader) => reader == node;

    /// <summary>Holds numbers in levels; says what that rounded.</summary>
    protected WeightRounding? Hold(LevelMatrix levels, float[] numbers) =>
        levels.Hold(numbers) is > 0 and var error
            ? new WeightRounding(node.Name, levels.Range.Bits, error, numbers.Max(Math.Abs))
            : null;

    /// <summary>
    /// Some of the rows and columns of levels, in smaller blocks where those that stay have several scales.
    /// </summary>
    /// <returns>The levels and the size of a block; null where even the smallest blocks hold several scales.</returns>
    protected static (LevelMatrix Kept, int Block)? KeepInBlocks(
        LevelMatrix levels,
        IReadOnlyList<int> rows,
        IReadOnlyList<int> columns
    )
    {
        var (block, smallest) = (levels.Groups.Block, SmallestPart(levels.Groups.Block));
        for (var parts = 1; block / parts >= smallest; parts *= 2)
        {
            if (levels.Keep(rows, columns, parts) is { } kept)
                return (kept, block / parts);
        }

        return null;
    }

    /// <summary>Why parts of blocks cannot go.</summary>
    protected string OfWholeBlocks(LevelMatrix levels)
    {
        var part = SmallestPart(levels.Groups.Block);
        return $"the weights of {node} have a scale for each {levels.Groups.Block} rows, which can go "
            + $"{part} at a time only (0 to {part - 1}, {part} to {(2 * part) - 1}, …)";
    }

    /// <summary>A constant of the node's own, which is called after it.</summary>
    protected Value Constant(string name, TensorData data, NameScope names) =>
        node.Graph!.AddInitializer(names.Unique($"{node.Name}/{name}"), data);

    private static int SmallestPart(int block)
    {
        while (block % 2 == 0 && block / 2 >= SmallestBlock)
            block /= 2;
        return block;
    }

    /// <summary>The numbers of the transposed matrix.</summary>
    protected static T[] Transposed<T>(T[] numbers, int rows, int columns)
    {
        var turned = new T[numbers.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                turned[(column * rows) + row] = numbers[(row * columns) + column];
        }

        return turned;
    }
}
