using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Paths;

/// <summary>
/// Runs the whole model with one sender changed and everything else that writes to the stream frozen, and reads what
/// receivers make of it.
/// </summary>
internal sealed class PathFreezing : IDisposable
{
    /// <summary>What heads write to the stream, before their projection.</summary>
    public const string Heads = ComponentNames.HeadPrefix + ComponentNames.AttentionValueOutput;

    private readonly SweepSetting _setting;
    private readonly BatchedCells _runner;
    private readonly BaseRuns _runs;
    private readonly bool _recomputesFeedForward;

    /// <param name="setting">The prompt's two runs, and the sites of <see cref="Sites"/>.</param>
    /// <param name="recomputesFeedForward">Whether feed-forward layers are computed anew.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    public PathFreezing(SweepSetting setting, bool recomputesFeedForward, CancellationToken cancellation)
    {
        (_setting, _recomputesFeedForward) = (setting, recomputesFeedForward);
        var mostRows = RowMixing.FindNode(setting.Model.Model) is null ? int.MaxValue : 1;
        _runner = new BatchedCells(setting, mostRows);
        try
        {
            _runs = _runner.RunBases(cancellation);
        }
        catch
        {
            _runner.Dispose();
            throw;
        }
    }

    /// <summary>Every head and feed-forward layer, and after them the receivers.</summary>
    public static ImmutableArray<ComponentAddress> Sites(
        LoadedModel model,
        PathSweepRequest request,
        ReceiverUnits receivers
    )
    {
        string[] writers =
            request.RecomputesFeedForward && request.Sender == Heads ? [Heads] : [Heads, ComponentNames.MlpOutput];
        var frozen = Enumerable
            .Range(0, model.Components.LayerCount)
            .SelectMany(layer => writers.Select(name => new ComponentAddress(layer, name)))
            .Where(address => model.Components.Get(address).Address == address)
            .ToList();
        return [.. frozen, .. receivers.Sites.Except(frozen)];
    }

    /// <summary>A run with a sender from another run and what lies above it frozen.</summary>
    /// <param name="to">The run that is changed.</param>
    /// <param name="from">The run that the sender is taken from.</param>
    /// <param name="sender">The sender's units.</param>
    public SweepCell CellOf(int to, int from, ImmutableArray<(ComponentAddress Site, int Unit)> sender)
    {
        var sent = sender.Select(unit => (Site: _setting.Sites.IndexOf(unit.Site), unit.Unit)).ToHashSet();
        var first = sender[0].Site;
        var writes = ImmutableArray.CreateBuilder<CellWrite>();
        foreach (var (site, unit) in sent)
            writes.Add(new CellWrite(site, unit, _runs.UnitOf(site, from, unit)));
        for (var site = 0; site < _setting.Sites.Length; site++)
        {
            if (!IsFrozen(_setting.Sites[site], first))
                continue;
            for (var unit = 0; unit < _setting.Grids[site].Count; unit++)
            {
                if (!sent.Contains((site, unit)))
                    writes.Add(new CellWrite(site, unit, _runs.UnitOf(site, to, unit)));
            }
        }

        return new SweepCell(to, writes.ToImmutable());
    }

    /// <summary>What receivers are in each of these runs, as writes to the receivers' own sites.</summary>
    public ImmutableArray<ImmutableArray<CellWrite>> Read(
        IReadOnlyList<SweepCell> cells,
        ReceiverUnits receivers,
        CancellationToken cancellation
    )
    {
        int[] sites = [.. receivers.Sites.Select(site => _setting.Sites.IndexOf(site))];
        var units = receivers
            .UnitsOf([.. sites.Select(site => _setting.Grids[site])], _setting.MetricPosition)
            .ToList();
        var received = new ImmutableArray<CellWrite>[cells.Count];
        _runner.Read(
            cells,
            sites,
            (cell, values) =>
                received[cell] = [
                    .. units.Select(unit =>
                    {
                        var all = values[unit.Site];
                        var size = all.Length / all.Shape[0];
                        return new CellWrite(
                            unit.Site,
                            unit.Unit,
                            all.FloatMemory.Slice(unit.Unit * size, size).ToArray()
                        );
                    }),
                ],
            cancellation
        );
        return [.. received];
    }

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();

    // Below the sender nothing changes. A layer's feed-forward may come before or beside its heads.
    private bool IsFrozen(ComponentAddress site, ComponentAddress sender) =>
        site.Name == Heads
            ? site.Layer > sender.Layer || (site.Layer == sender.Layer && site != sender)
            : site.Name == ComponentNames.MlpOutput
                && !_recomputesFeedForward
                && (site.Layer > sender.Layer || (site.Layer == sender.Layer && site != sender));
}
