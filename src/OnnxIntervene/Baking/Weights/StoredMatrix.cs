using OnnxIntervene.IR;

namespace OnnxIntervene.Baking.Weights;

/// <summary>How a file holds a node's matrix.</summary>
internal abstract class StoredMatrix(Node node)
{
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
    /// Gives the node some of the rows and columns, as constants of its own; false where the layout does not allow it.
    /// </summary>
    /// <param name="rows">The rows that stay, ascending.</param>
    /// <param name="columns">The columns that stay, ascending.</param>
    /// <param name="names">The graph's names.</param>
    public abstract bool Keep(IReadOnlyList<int> rows, IReadOnlyList<int> columns, NameScope names);

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
