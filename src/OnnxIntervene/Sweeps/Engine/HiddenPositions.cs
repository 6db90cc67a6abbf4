using System.Numerics.Tensors;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// Tells whether attention hides later positions, which no name of an input promises where there is no cache: what it
/// mixes at a position must stay when the queries, keys and values of later positions are others. Each position is
/// tried as the first that is another, so that every pair of positions is, in every layer.
/// </summary>
/// <param name="setting">The sweep.</param>
/// <param name="layers">The layers in their parts.</param>
/// <param name="states">What the bases have.</param>
internal sealed class HiddenPositions(SweepSetting setting, SplitLayers layers, BaseStates states)
{
    // Rounding of the same product in a batch of another size.
    private const float Tolerance = 1e-5f;

    /// <summary>The first layer whose attention reads a later position; null where none does.</summary>
    /// <param name="most">How many tokens attention may take at once.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    public int? FindReader(int most, CancellationToken cancellation)
    {
        for (var layer = 0; layer < layers.Count; layer++)
        {
            foreach (var some in Enumerable.Range(1, setting.Length - 1).Chunk(Math.Max(1, most / setting.Length)))
            {
                if (ReadsLater(layer, some, cancellation))
                    return layer;
            }
        }

        return null;
    }

    // A row for each position: from there on, projections are those of the base with the other sign.
    private bool ReadsLater(int number, int[] firsts, CancellationToken cancellation)
    {
        var layer = layers[number];
        var session = layer[LayerPart.Mixing];
        var projections = layer.Projections.Select(name => KeyValuePair.Create(name, Changed(number, name, firsts)));
        var inputs = layer.MixingInputs(projections, firsts.Length, setting.Length);
        inputs.Add(ModelInputs.TokenInput, states.TokensOf(new int[firsts.Length], 0, setting.Length));
        var mixed = session.Run(
            ModelInputs.Of(inputs),
            new SiteFeeds(setting, session).ToFeeds(),
            [session.Spliced.Boundaries[layer.MixedAddress]],
            cancellation
        )[0];
        return Enumerable.Range(0, firsts.Length).Any(row => !Stays(layer, number, mixed, row, firsts[row]));
    }

    private NumericArray Changed(int layer, string name, int[] firsts)
    {
        var own = states.Between(layer, name, 0, 0);
        var values = new float[firsts.Length * own.Length];
        for (var row = 0; row < firsts.Length; row++)
        {
            var at = values.AsSpan(row * own.Length, own.Length);
            own.CopyTo(at);
            var later = at[(own.Length / setting.Length * firsts[row])..];
            TensorPrimitives.Negate(later, later);
        }

        return NumericArray.Of(values, [firsts.Length, setting.Length, .. states.ShapeBetween(layer, name)]);
    }

    private bool Stays(SplitLayer layer, int number, NumericArray mixed, int row, int first)
    {
        var own = states.Between(number, layer.Mixed, 0, 0);
        var before = own[..(own.Length / setting.Length * first)];
        var changed = mixed.Floats.Slice(row * own.Length, before.Length);
        var limit = Tolerance * Math.Abs(TensorPrimitives.MaxMagnitude(own));
        for (var index = 0; index < before.Length; index++)
        {
            if (!(Math.Abs(changed[index] - before[index]) <= limit))
                return false;
        }

        return true;
    }
}
