using System.Collections.Immutable;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>
/// What a model is run on: arrays by input name. Inputs that are left out (mask, positions, empty cache) are filled in.
/// </summary>
/// <param name="Arrays">The arrays, such as <c>input_ids</c> of shape <c>[batch, position]</c>.</param>
public sealed record ModelInputs(ImmutableDictionary<string, NumericArray> Arrays)
{
    /// <summary>The name of the input that holds token ids.</summary>
    public const string TokenInput = InputLimits.TokenInput;

    /// <summary>The token ids, <c>[batch, position]</c>.</summary>
    /// <exception cref="InvalidOperationException">The inputs hold no token ids.</exception>
    public NumericArray Tokens =>
        Arrays.TryGetValue(TokenInput, out var tokens)
            ? tokens
            : throw new InvalidOperationException($"The inputs hold no '{TokenInput}'.");

    /// <summary>The first axis of the arrays: how many examples there are; 1 where no array has an axis.</summary>
    public int BatchSize => Leading?.Shape[0] ?? 1;

    /// <summary>
    /// The second axis of the token ids, or of the first array by name: how many positions there are; 1 where there is
    /// none.
    /// </summary>
    public int Length => Leading?.Shape is [_, var length, ..] ? length : 1;

    private NumericArray? Leading =>
        Arrays.TryGetValue(TokenInput, out var tokens) && tokens.Shape.Length > 0
            ? tokens
            : Arrays
                .OrderBy(array => array.Key, StringComparer.Ordinal)
                .Select(array => array.Value)
                .FirstOrDefault(array => array.Shape.Length > 0);

    /// <summary>One text's tokens, a batch of one.</summary>
    public static ModelInputs FromTokens(IReadOnlyList<int> tokens) => FromTokens([tokens]);

    /// <summary>Several texts' tokens, which must be equal in number.</summary>
    /// <exception cref="ArgumentException">The texts differ in length.</exception>
    public static ModelInputs FromTokens(IReadOnlyList<IReadOnlyList<int>> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var length = batch[0].Count;
        if (batch.FirstOrDefault(row => row.Count != length) is { } odd)
            throw new ArgumentException(
                $"All rows of a batch must have {length} tokens; one has {odd.Count}.",
                nameof(batch)
            );
        var ids = batch.SelectMany(row => row).Select(id => (long)id).ToArray();
        return new ModelInputs(
            ImmutableDictionary<string, NumericArray>.Empty.Add(TokenInput, NumericArray.Of(ids, batch.Count, length))
        );
    }

    /// <summary>Arrays by name.</summary>
    internal static ModelInputs Of(IEnumerable<KeyValuePair<string, NumericArray>> arrays) =>
        new(arrays.ToImmutableDictionary());

    /// <summary>Inputs of one shape as one batch, one after the other.</summary>
    internal static ModelInputs Joined(IReadOnlyList<ModelInputs> rows) =>
        new(
            rows[0]
                .Arrays.ToImmutableDictionary(
                    array => array.Key,
                    array => NumericArray.Joined([.. rows.Select(row => row.Arrays[array.Key])])
                )
        );

    /// <summary>The names and axes of all arrays but the first axis: inputs that agree in it can be joined.</summary>
    internal string RowShape =>
        string.Join(
            ' ',
            Arrays
                .OrderBy(array => array.Key, StringComparer.Ordinal)
                .Select(array => $"{array.Key}:{string.Join(',', array.Value.Shape.Skip(1))}")
        );

    /// <summary>The same inputs <paramref name="count"/> times, one example after the other.</summary>
    /// <exception cref="InvalidOperationException">The inputs hold more than one example.</exception>
    public ModelInputs Repeat(int count)
    {
        if (BatchSize != 1)
            throw new InvalidOperationException(
                $"Only a batch of one can be repeated; this one holds {BatchSize} examples."
            );
        return new ModelInputs(Arrays.ToImmutableDictionary(array => array.Key, array => Repeat(array.Value, count)));
    }

    private static NumericArray Repeat(NumericArray array, int count)
    {
        if (array.Shape.Length == 0)
            return array;
        ReadOnlySpan<int> shape = [count, .. array.Shape.AsSpan()[1..]];
        return array.IsInteger
            ? NumericArray.Of(Repeat(array.IntegerMemory, count), shape)
            : NumericArray.Of(Repeat(array.FloatMemory, count), shape);
    }

    private static T[] Repeat<T>(ReadOnlyMemory<T> values, int count)
    {
        var all = new T[values.Length * count];
        for (var index = 0; index < count; index++)
            values.Span.CopyTo(all.AsSpan(index * values.Length));
        return all;
    }
}
