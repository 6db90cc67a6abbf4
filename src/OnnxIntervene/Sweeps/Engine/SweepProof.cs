using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using OnnxIntervene.Execution;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>Compares what a way to run cells computes with what the model does.</summary>
/// <param name="setting">The sweep.</param>
/// <param name="runner">How cells are run.</param>
/// <param name="bases">What it computed of the bases.</param>
internal sealed class SweepProof(SweepSetting setting, CellRunner runner, BaseRuns bases)
{
    private const double Tolerance = 1e-4;

    // What was compared with the model itself need not be compared again.
    private static readonly ConditionalWeakTable<LoadedModel, ConcurrentDictionary<string, bool>> s_proved = [];

    /// <summary>
    /// Whether positions read later ones. A cache is of use only where they do not; without one, another last token
    /// must leave the logits of those before it, which the model itself shows before it is cut.
    /// </summary>
    public static bool ReadsLater(SweepSetting setting, CancellationToken cancellation) =>
        !CacheNames.AreIn(setting.Model.Components)
        && s_proved
            .GetOrCreateValue(setting.Model)
            .GetOrAdd($"reads later positions {setting.Length}", _ => IsChangedBefore(setting, cancellation));

    /// <summary>Why the cells would not be what the model computes; null where they are.</summary>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run.</exception>
    public string? FindFault(CancellationToken cancellation)
    {
        var proved = s_proved.GetOrCreateValue(setting.Model);
        var key =
            $"{runner.Description} {setting.Length} {setting.Measured} {setting.CountsQueries} "
            + string.Join(' ', setting.Sites);
        if (proved.ContainsKey(key))
            return null;
        if (runner.FindObstacle(cancellation) is { } obstacle)
            return obstacle;
        if (!IsRight(cancellation))
            return "the parts of the model do not compute what it does";
        proved[key] = true;
        return null;
    }

    // A base without noise has the logits of the model itself; and writing what is there already, from the middle of
    // the text and of the layers on, changes nothing.
    private bool IsRight(CancellationToken cancellation)
    {
        var plain = setting.Bases.IndexOf(setting.Bases.First(item => item.Noise is null));
        using var lease = setting.Model.Lease([]);
        var logits = lease.Session.Run(setting.Bases[plain].Inputs, [], [lease.Session.FirstOutput], cancellation)[0];
        AnswerLogits.Require(logits, lease.Session.FirstOutput);
        if (
            !AreClose(
                bases.LogitsOf(plain),
                new AnswerLogits(setting.Bases[plain].Inputs, setting.MetricPosition).Of(logits, 0)
            )
        )
            return false;
        return IsKept(plain, [], cancellation)
            && (setting.Tokens.IsEmpty || IsKept(plain, setting.Tokens, cancellation));
    }

    private bool IsKept(int plain, ImmutableArray<int> tokens, CancellationToken cancellation)
    {
        var isSame = true;
        runner.Run(
            [(0, Repeat(plain))],
            tokens,
            (_, after) => isSame &= AreClose(Of(after, tokens), Of(bases.LogitsOf(plain), tokens)),
            cancellation
        );
        return isSame;
    }

    private static ReadOnlySpan<float> Of(ReadOnlySpan<float> logits, ImmutableArray<int> tokens)
    {
        if (tokens.IsEmpty)
            return logits;
        var some = new float[tokens.Length];
        for (var index = 0; index < some.Length; index++)
            some[index] = logits[tokens[index]];
        return some;
    }

    // Writes one unit of one site that is there already.
    private SweepCell Repeat(int plain)
    {
        var (site, position) = (setting.Sites.Length / 2, setting.Length / 2);
        var grid = setting.Grids[site];
        var unit = grid.HasPositions ? grid.UnitsAt(position).First() : 0;
        return new SweepCell(plain, [new CellWrite(site, unit, bases.UnitOf(site, plain, unit))]);
    }

    private static bool AreClose(ReadOnlySpan<float> one, ReadOnlySpan<float> other) =>
        LogitDistance.Of(one, other) <= Tolerance;

    private static bool IsChangedBefore(SweepSetting setting, CancellationToken cancellation)
    {
        using var lease = setting.Model.Lease([]);
        var tokens = setting.Bases[0].Inputs.Arrays[ModelInputs.TokenInput].Integers;
        var text = tokens.ToArray().Select(token => (int)token).ToImmutableArray();
        return text.Length > 1
            && !(LaterPositions.Distance(lease.Session, text, 1, ^1.., ..^1, cancellation) <= Tolerance);
    }
}
