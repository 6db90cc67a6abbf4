using System.Collections.Immutable;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// Rows whose attention runs together, all from one position on, or from the first where there is no cache: what they
/// read there, which begins as their bases' and is overwritten where they differ.
/// </summary>
internal sealed class MixingGroup
{
    // A run costs about as much as attention takes for so many more tokens.
    private const int TokensForRun = 32;

    private readonly BaseStates _states;
    private readonly ImmutableArray<int> _bases;
    private readonly Dictionary<string, float[]> _projections = new(StringComparer.Ordinal);
    private readonly int _layer;
    private TensorValue? _mixed;

    private MixingGroup(
        BaseStates states,
        int layer,
        ImmutableArray<RowWork> rows,
        ImmutableArray<int> bases,
        bool hasCache
    )
    {
        (_states, _layer, Rows, _bases) = (states, layer, rows, bases);
        First = rows.Min(row => FirstOf(row, hasCache));
    }

    /// <summary>The rows.</summary>
    public ImmutableArray<RowWork> Rows { get; }

    /// <summary>The first position.</summary>
    public int First { get; }

    private int Positions => _states.Length - First;

    /// <summary>
    /// Rows in groups: those that begin a few positions later join, where that computes little twice.
    /// </summary>
    /// <param name="works">What is computed of each row.</param>
    /// <param name="most">How many tokens a group may have.</param>
    /// <param name="length">How many positions there are.</param>
    /// <param name="hasCache">Whether attention takes the positions before from a cache.</param>
    public static IEnumerable<ImmutableArray<RowWork>> Divide(
        IEnumerable<RowWork> works,
        int most,
        int length,
        bool hasCache
    )
    {
        var group = ImmutableArray.CreateBuilder<RowWork>();
        var (first, twice) = (0, 0);
        foreach (var work in works.Where(work => work.MixedFrom is not null).OrderBy(work => work.MixedFrom))
        {
            var from = FirstOf(work, hasCache);
            var isFull = (group.Count + 1) * (length - first) > most;
            if (group.Count > 0 && (isFull || twice + from - first > TokensForRun))
            {
                yield return group.DrainToImmutable();
                twice = 0;
            }

            if (group.Count == 0)
                first = from;
            twice += from - first;
            group.Add(work);
        }

        if (group.Count > 0)
            yield return group.DrainToImmutable();
    }

    /// <summary>The first position that attention is run for.</summary>
    public static int FirstOf(RowWork work, bool hasCache) => hasCache ? work.MixedFrom!.Value : 0;

    /// <summary>A group that reads what its bases have.</summary>
    /// <param name="states">What the bases have.</param>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="projections">The names of queries, keys and values.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="baseOf">The base of a row.</param>
    /// <param name="hasCache">Whether attention takes the positions before from a cache.</param>
    public static MixingGroup Of(
        BaseStates states,
        int layer,
        ImmutableArray<string> projections,
        ImmutableArray<RowWork> rows,
        Func<RowWork, int> baseOf,
        bool hasCache
    )
    {
        var group = new MixingGroup(states, layer, rows, [.. rows.Select(baseOf)], hasCache);
        foreach (var name in projections)
        {
            var size = states.Between(layer, name, 0, group.First).Length;
            var values = GC.AllocateUninitializedArray<float>(size * rows.Length);
            for (var row = 0; row < rows.Length; row++)
                states.Between(layer, name, group._bases[row], group.First).CopyTo(values.AsSpan(row * size));
            group._projections.Add(name, values);
        }

        return group;
    }

    /// <summary>Where a row's projection of a position is.</summary>
    public Span<float> At(string name, int row, int position)
    {
        var values = _projections[name];
        var size = values.Length / (Rows.Length * Positions);
        return values.AsSpan(((row * Positions) + position - First) * size, size);
    }

    /// <summary>Runs attention.</summary>
    public void Mix(SplitLayer layer, IReadOnlyList<SiteFeed> feeds, CancellationToken cancellation)
    {
        var session = layer[LayerPart.Mixing];
        var projections = _projections.Select(item =>
            KeyValuePair.Create(
                item.Key,
                NumericArray.Of(item.Value, [Rows.Length, Positions, .. _states.ShapeBetween(_layer, item.Key)])
            )
        );
        var arrays = layer.MixingInputs(projections, Rows.Length, Positions);
        arrays.Add(ModelInputs.TokenInput, _states.TokensOf(_bases, First, _states.Length));
        if (First > 0)
        {
            foreach (var input in session.Spliced.Model.Graph.Inputs)
            {
                if (CacheNames.Find(input.Name) is var (number, isKey))
                    arrays[input.Name] = _states.Past(number, isKey, _bases, First);
            }
        }

        string[] outputs = [session.Spliced.Boundaries[layer.MixedAddress]];
        _mixed = session.RunValues(ModelInputs.Of(arrays), feeds, outputs, cancellation: cancellation)[0];
        _projections.Clear();
    }

    /// <summary>A row's mixed values at a position, after attention has run.</summary>
    public ReadOnlySpan<float> MixedAt(int row, int position)
    {
        var values = _mixed!.Floats;
        var size = values.Length / (Rows.Length * Positions);
        return values.Slice(((row * Positions) + position - First) * size, size);
    }

    /// <summary>Frees the mixed values.</summary>
    public void Forget() => _mixed?.Dispose();
}
