using OnnxIntervene.Numerics;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Grids;

/// <summary>Gathers the numbers of each place of a grid, and takes their means. Not safe for concurrent use.</summary>
public sealed class GridMeans
{
    private readonly GridLayout _layout;
    private readonly SampleMean[] _places;

    /// <summary>A grid without numbers.</summary>
    /// <param name="layout">Its rows and columns.</param>
    public GridMeans(GridLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        _layout = layout;
        _places = [.. Enumerable.Range(0, layout.Count).Select(_ => new SampleMean())];
    }

    /// <summary>Adds a number to a place.</summary>
    public void Add(int row, int column, double number) => _places[(row * _layout.Columns.Length) + column].Add(number);

    /// <summary>The means so far; NaN where a place has no numbers.</summary>
    public StudyGrid ToGrid() =>
        new(
            _layout,
            Grid(place => (float)place.Mean),
            Grid(place => (float)place.StandardError),
            Grid(place => place.Count)
        );

    private SweepGrid Grid(Func<SampleMean, float> read) =>
        new(_layout.Rows.Length, _layout.Columns.Length, Array.ConvertAll(_places, place => read(place)));
}
