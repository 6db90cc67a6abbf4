namespace OnnxIntervene.Baking.Weights;

/// <summary>A matrix as levels of a few bits, with a scale and a zero point for each group of them.</summary>
/// <param name="rows">The rows.</param>
/// <param name="columns">The columns.</param>
/// <param name="range">The levels.</param>
/// <param name="groups">Which elements share a scale.</param>
internal sealed class LevelMatrix(int rows, int columns, LevelRange range, GroupLayout groups)
{
    // Of a scale: what is nearer to a level than this is the level, in 32 bits.
    private const float Exact = 1e-5f;

    /// <summary>The levels, row by row.</summary>
    public required short[] Levels { get; init; }

    /// <summary>A scale for each group.</summary>
    public required LevelScale[] Scales { get; init; }

    /// <summary>The rows.</summary>
    public int Rows => rows;

    /// <summary>The columns.</summary>
    public int Columns => columns;

    /// <summary>The levels' range.</summary>
    public LevelRange Range => range;

    /// <summary>Which elements share a scale.</summary>
    public GroupLayout Groups => groups;

    /// <summary>
    /// Some of the rows and columns, as they are; null where elements of two groups, which have a scale each, would
    /// come to share one.
    /// </summary>
    /// <param name="keptRows">The rows that stay, ascending.</param>
    /// <param name="keptColumns">The columns that stay, ascending.</param>
    /// <param name="parts">How many blocks become of one.</param>
    public LevelMatrix? Keep(IReadOnlyList<int> keptRows, IReadOnlyList<int> keptColumns, int parts = 1)
    {
        var layout = groups.Sized(keptRows.Count, keptColumns.Count, parts);
        var kept = new LevelMatrix(keptRows.Count, keptColumns.Count, range, layout)
        {
            Levels = new short[keptRows.Count * keptColumns.Count],
            Scales = new LevelScale[layout.Count],
        };
        var sources = new int?[layout.Count];
        for (var row = 0; row < kept.Rows; row++)
        {
            for (var column = 0; column < kept.Columns; column++)
            {
                var (group, source) = (layout.Of(row, column), groups.Of(keptRows[row], keptColumns[column]));
                if ((sources[group] ??= source) != source)
                    return null;
                kept.Scales[group] = Scales[source];
                kept.Levels[(row * kept.Columns) + column] = Levels[(keptRows[row] * columns) + keptColumns[column]];
            }
        }

        return kept;
    }

    /// <summary>The numbers that the levels stand for.</summary>
    public float[] Numbers()
    {
        var numbers = new float[Levels.Length];
        ForEach((index, group) => numbers[index] = Scales[group].Number(Levels[index]));
        return numbers;
    }

    /// <summary>
    /// Holds other numbers: groups that did not change keep their levels; those that hold the new numbers exactly keep
    /// their scale; others get the scale that rounds them least.
    /// </summary>
    /// <returns>The largest error of any number; 0 where all are held exactly.</returns>
    public double Hold(float[] numbers)
    {
        var (changed, rounded) = (new bool[Scales.Length], new bool[Scales.Length]);
        ForEach(
            (index, group) =>
            {
                var scale = Scales[group];
                if (numbers[index] == scale.Number(Levels[index]))
                    return;
                changed[group] = true;
                var held = scale.Number(range.Level(numbers[index], scale));
                rounded[group] |= !(Math.Abs(held - numbers[index]) <= Exact * Math.Abs(scale.Scale));
            }
        );
        Fit(numbers, rounded);
        return Encode(numbers, changed, rounded);
    }

    private void Fit(float[] numbers, bool[] rounded)
    {
        var (low, high) = (new float[Scales.Length], new float[Scales.Length]);
        ForEach(
            (index, group) =>
            {
                low[group] = Math.Min(low[group], numbers[index]);
                high[group] = Math.Max(high[group], numbers[index]);
            }
        );
        var candidates = new IReadOnlyList<LevelScale>[Scales.Length];
        var errors = new double[Scales.Length][];
        for (var group = 0; group < rounded.Length; group++)
        {
            candidates[group] = rounded[group] ? range.Candidates(Scales[group], low[group], high[group]) : [];
            errors[group] = new double[candidates[group].Count];
        }

        ForEach(
            (index, group) =>
            {
                for (var choice = 0; choice < candidates[group].Count; choice++)
                {
                    var scale = candidates[group][choice];
                    double error = scale.Number(range.Level(numbers[index], scale)) - numbers[index];
                    errors[group][choice] += error * error;
                }
            }
        );
        for (var group = 0; group < rounded.Length; group++)
        {
            if (rounded[group])
                Scales[group] = candidates[group][Array.IndexOf(errors[group], errors[group].Min())];
        }
    }

    private double Encode(float[] numbers, bool[] changed, bool[] rounded)
    {
        var worst = 0.0;
        ForEach(
            (index, group) =>
            {
                if (!changed[group])
                    return;
                Levels[index] = (short)range.Level(numbers[index], Scales[group]);
                if (rounded[group])
                    worst = Math.Max(worst, Math.Abs((double)Scales[group].Number(Levels[index]) - numbers[index]));
            }
        );
        return worst;
    }

    private void ForEach(Action<int, int> visit)
    {
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                visit((row * columns) + column, groups.Of(row, column));
        }
    }
}
