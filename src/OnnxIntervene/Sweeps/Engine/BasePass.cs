using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>Runs all bases through the parts of the model, and keeps what cells start from.</summary>
internal sealed class BasePass(SweepSetting setting, StaircaseRows rows, OuterSegments outer)
{
    private readonly int _layerCount = setting.Model.Components.LayerCount;
    private readonly Dictionary<ComponentAddress, NumericArray> _reads = [];

    /// <summary>Runs layers that are a session each.</summary>
    /// <param name="segments">The layers.</param>
    /// <param name="hasCache">Whether their keys and values are kept.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    public (BaseStates States, BaseRuns Runs) Run(LayerSegments segments, bool hasCache, CancellationToken cancellation)
    {
        var states = Embedded(cancellation);
        for (var layer = 0; layer < _layerCount; layer++)
        {
            var feeds = rows.InnerSites[layer].ToDictionary(site => site, site => GridOf(site).ReadAll(Count));
            var run = new SegmentRun(states.Tokens, states.StreamAt(layer)) { KeepsPresents = hasCache };
            var result = segments.Layer(layer, run, feeds, cancellation);
            if (result.Presents is var (keys, values))
                states.KeepPresents(layer, keys, values);
            foreach (var (site, read) in result.Reads)
                _reads[site] = read;
            states.Keep(layer + 1, result.Stream);
        }

        return (states, Runs(states, cancellation));
    }

    /// <summary>Runs layers that are three sessions each.</summary>
    public (BaseStates States, BaseRuns Runs) Run(SplitLayers layers, CancellationToken cancellation)
    {
        var states = Embedded(cancellation);
        var pass = new SplitBasePass(setting, layers, states);
        for (var layer = 0; layer < _layerCount; layer++)
            pass.Run(layer, cancellation);
        foreach (var (site, read) in pass.Reads)
            _reads[site] = read;
        return (states, Runs(states, cancellation));
    }

    private int Count => setting.Bases.Length;

    private BaseStates Embedded(CancellationToken cancellation)
    {
        var tokens = setting.Batch(Enumerable.Range(0, Count).ToList()).Arrays[ModelInputs.TokenInput];
        var states = new BaseStates(_layerCount + 1, tokens);
        states.Keep(0, WithNoise(outer.Embed(new SegmentRun(tokens, null), cancellation)));
        return states;
    }

    private BaseRuns Runs(BaseStates states, CancellationToken cancellation) =>
        new(Logits(states, cancellation), [.. setting.Sites.Select((_, site) => ValuesOf(site, states))]);

    private NumericArray Logits(BaseStates states, CancellationToken cancellation)
    {
        var (count, at, width) = (setting.Bases.Length, setting.Measured, states.Width);
        var last = new float[count * width];
        for (var index = 0; index < count; index++)
            states.From(_layerCount, index, at)[..width].CopyTo(last.AsSpan(index * width));
        var bases = Enumerable.Range(0, count).ToList();
        var run = new SegmentRun(states.TokensOf(bases, at, at + 1), NumericArray.Of(last, count, 1, width));
        var logits = outer.Logits(run, cancellation);
        return logits.Reshape(count, logits.Length / count);
    }

    private NumericArray ValuesOf(int site, BaseStates states)
    {
        if (rows.PointOf(site) is not { } point)
            return _reads[setting.Sites[site]];
        var stream = states.StreamAt(point);
        return stream.Reshape(stream.Shape[0] * stream.Shape[1], stream.Shape[2]);
    }

    private UnitGrid GridOf(ComponentAddress site) => setting.Grids[setting.Sites.IndexOf(site)];

    private NumericArray WithNoise(NumericArray stream)
    {
        if (setting.Bases.All(item => item.Noise is null))
            return stream;
        var (length, width) = (stream.Shape[1], stream.Shape[2]);
        var changed = stream.Floats.ToArray();
        for (var index = 0; index < setting.Bases.Length; index++)
        {
            if (setting.Bases[index].Noise is not { } noise)
                continue;
            for (var place = 0; place < noise.Positions.Length; place++)
            {
                var at = changed.AsSpan(((index * length) + noise.Positions[place]) * width, width);
                TensorPrimitives.Add(at, noise.Values.Span.Slice(place * width, width), at);
            }
        }

        return NumericArray.Of(changed, stream.Shape.AsSpan());
    }
}
