using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>
/// What the bases' runs have at the cuts: their streams, each layer's keys and values, and what is between the parts of
/// layers that are divided.
/// </summary>
internal sealed class BaseStates
{
    private readonly NumericArray[] _streams;
    private readonly NumericArray?[,] _presents;
    private readonly Dictionary<(int Layer, string Name), NumericArray> _between = [];

    /// <param name="points">How many points of the stream there are.</param>
    /// <param name="tokens">The bases' tokens, <c>[base, position]</c>.</param>
    public BaseStates(int points, NumericArray tokens)
    {
        Tokens = tokens;
        _streams = new NumericArray[points];
        _presents = new NumericArray?[points - 1, 2];
    }

    /// <summary>The bases' tokens, <c>[base, position]</c>.</summary>
    public NumericArray Tokens { get; }

    /// <summary>How many positions each base has.</summary>
    public int Length => Tokens.Shape[1];

    /// <summary>The width of the stream.</summary>
    public int Width => _streams[0].Shape[2];

    /// <summary>Bytes of all that is kept.</summary>
    public long Bytes =>
        sizeof(float) * _streams.Concat(Presents).Concat(_between.Values).Sum(kept => (long)kept.Length);

    private IEnumerable<NumericArray> Presents => _presents.Cast<NumericArray?>().OfType<NumericArray>();

    /// <summary>The stream at a point, <c>[base, position, width]</c>.</summary>
    public NumericArray StreamAt(int point) => _streams[point];

    /// <summary>Keeps the stream at a point.</summary>
    public void Keep(int point, NumericArray stream) => _streams[point] = stream;

    /// <summary>Keeps the keys and values of a layer, <c>[base, head, position, width]</c>.</summary>
    public void KeepPresents(int layer, NumericArray keys, NumericArray values) =>
        (_presents[layer, 0], _presents[layer, 1]) = (keys, values);

    /// <summary>Keeps a tensor between the parts of a layer, <c>[base, position, …]</c>.</summary>
    public void KeepBetween(int layer, string name, NumericArray values) => _between[(layer, name)] = values;

    /// <summary>All bases' values between the parts of a layer, <c>[base, position, …]</c>.</summary>
    public NumericArray AllBetween(int layer, string name) => _between[(layer, name)];

    /// <summary>The sizes of a position in a tensor between the parts of a layer.</summary>
    public int[] ShapeBetween(int layer, string name) => _between[(layer, name)].Shape.AsSpan()[2..].ToArray();

    /// <summary>A base's values between the parts of a layer, from a position to the end.</summary>
    public ReadOnlySpan<float> Between(int layer, string name, int index, int position)
    {
        var values = _between[(layer, name)];
        var size = values.Length / (values.Shape[0] * Length);
        return values.Floats.Slice(((index * Length) + position) * size, (Length - position) * size);
    }

    /// <summary>The stream of a base at a point, from a position to the end.</summary>
    public ReadOnlySpan<float> From(int point, int index, int position) =>
        _streams[point].Floats.Slice(((index * Length) + position) * Width, (Length - position) * Width);

    /// <summary>Token ids of some bases, <c>[row, position]</c>, from a position up to an end.</summary>
    public NumericArray TokensOf(IReadOnlyList<int> bases, int from, int end)
    {
        var tokens = new long[bases.Count * (end - from)];
        for (var row = 0; row < bases.Count; row++)
            Tokens.Integers.Slice((bases[row] * Length) + from, end - from).CopyTo(tokens.AsSpan(row * (end - from)));
        return NumericArray.Of(tokens, bases.Count, end - from);
    }

    /// <summary>A layer's keys or values at the first positions of some bases, a row each.</summary>
    public NumericArray Past(int layer, bool isKey, IReadOnlyList<int> bases, int count)
    {
        var all = _presents[layer, isKey ? 0 : 1]!;
        var (heads, width) = (all.Shape[1], all.Shape[3]);
        var past = new float[bases.Count * heads * count * width];
        for (var row = 0; row < bases.Count; row++)
        {
            for (var head = 0; head < heads; head++)
                all.Floats.Slice(((bases[row] * heads) + head) * Length * width, count * width)
                    .CopyTo(past.AsSpan(((row * heads) + head) * count * width));
        }

        return NumericArray.Of(past, bases.Count, heads, count, width);
    }
}
