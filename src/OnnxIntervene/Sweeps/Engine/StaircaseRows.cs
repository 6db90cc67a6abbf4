using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// Where each cell of a sweep leaves its base's run: at which point of the stream, and at which position.
/// </summary>
internal sealed class StaircaseRows
{
    // What these hold at a position reaches no other position of the same layer.
    private static readonly string[] s_afterMixing =
    [
        ComponentNames.AttentionValueOutput,
        ComponentNames.AttentionOutput,
        ComponentNames.ResidMid,
        ComponentNames.MlpInput,
        ComponentNames.MlpActivation,
        ComponentNames.MlpOutput,
        ComponentNames.QueryOutput,
        ComponentNames.HeadPrefix + ComponentNames.QueryOutput,
        ComponentNames.HeadPrefix + ComponentNames.AttentionValueOutput,
    ];

    private readonly SweepSetting _setting;
    private readonly bool _isCausal;
    private readonly int?[] _points;
    private readonly int _layerCount;

    /// <param name="setting">The sweep.</param>
    /// <param name="isCausal">Whether positions read earlier ones alone, through attention and nothing else.</param>
    public StaircaseRows(SweepSetting setting, bool isCausal)
    {
        _setting = setting;
        _isCausal = isCausal;
        var points = new StreamPoints(setting.Model.Components);
        _layerCount = points.LayerCount;
        _points = [.. setting.Sites.Select(points.PointOf)];
    }

    /// <summary>The sites inside layers, by layer.</summary>
    public ILookup<int, ComponentAddress> InnerSites =>
        _setting.Sites.Where((_, site) => _points[site] is null).ToLookup(site => site.Layer);

    /// <summary>The point of the stream that a site is; null for one inside a layer.</summary>
    public int? PointOf(int site) => _points[site];

    /// <summary>Whether a site's values in the last layer decide keys or values there.</summary>
    public bool DecidesLastKeys(int site) =>
        _points[site] is null && LayerOf(site) == _layerCount - 1 && !IsAfterMixing(site);

    /// <summary>Whether what a site holds at a position reaches no other position of its layer.</summary>
    public bool IsAfterMixing(int site) =>
        s_afterMixing.Contains(NameOf(site))
        || (NameOf(site) == ComponentNames.AttentionWeight && _setting.Grids[site].CountsQueries);

    /// <summary>The cell as a row; null where nothing that it writes reaches the logits that are measured.</summary>
    public StaircaseRow? Of(int number, SweepCell cell)
    {
        var reaching = cell with { Writes = [.. cell.Writes.Where(Reaches)] };
        return reaching.Writes.IsEmpty
            ? null
            : new StaircaseRow(
                number,
                reaching,
                reaching.Writes.Min(write => _points[write.Site] ?? LayerOf(write.Site)),
                _isCausal ? reaching.Writes.Min(write => PositionOf(write)) : 0
            );
    }

    private bool Reaches(CellWrite write)
    {
        if (_isCausal && PositionOf(write) > _setting.Measured)
            return false;
        var isLocal =
            _points[write.Site] == _layerCount
            || (
                _isCausal
                && _points[write.Site] is null
                && LayerOf(write.Site) == _layerCount - 1
                && IsAfterMixing(write.Site)
            );
        return !isLocal || PositionOf(write) == _setting.Measured;
    }

    private int PositionOf(CellWrite write) => _setting.Grids[write.Site].PositionOf(write.Unit);

    private int LayerOf(int site) => _setting.Sites[site].Layer;

    private string NameOf(int site) => _setting.Sites[site].Name;
}

/// <summary>A cell that is run as a row.</summary>
/// <param name="Number">The cell's number.</param>
/// <param name="Cell">What it writes.</param>
/// <param name="Point">The point of the stream up to which it is its base's run.</param>
/// <param name="First">The position up to which it is its base's run.</param>
internal sealed record StaircaseRow(int Number, SweepCell Cell, int Point, int First);
