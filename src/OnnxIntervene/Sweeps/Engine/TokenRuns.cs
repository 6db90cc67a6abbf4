using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>A token of a row.</summary>
internal readonly record struct RowToken(int Row, int Position);

/// <summary>The values of a token in a tensor.</summary>
internal delegate ReadOnlySpan<float> TokenValues(RowToken token);

/// <summary>A tensor that a part of a layer is fed token by token.</summary>
/// <param name="Name">The input.</param>
/// <param name="Shape">The sizes of one token's values.</param>
/// <param name="Of">The values of a token.</param>
internal sealed record TokenInput(string Name, int[] Shape, TokenValues Of);

/// <summary>
/// Runs parts of layers that compute each token by itself, on the tokens of any rows and positions together: each is a
/// row of one position. Runs are large enough that weights are read seldom, and small enough that what is computed
/// between two products stays in the processor's cache.
/// </summary>
internal sealed class TokenRuns
{
    private const int MostTokens = 512;
    private readonly Dictionary<string, float[]> _buffers = new(StringComparer.Ordinal);

    /// <summary>How many runs so many tokens take.</summary>
    public static int CountFor(int tokens) => (tokens + MostTokens - 1) / MostTokens;

    /// <summary>Runs a part.</summary>
    /// <param name="session">The part.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="inputs">What the part is fed.</param>
    /// <param name="feeds">What its sites are fed in a run of some of the tokens.</param>
    /// <param name="outputs">What is wanted, by name.</param>
    /// <param name="receive">Receives some of the tokens, and the outputs for these.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    public void Run(
        InterventionSession session,
        IReadOnlyList<RowToken> tokens,
        IReadOnlyList<TokenInput> inputs,
        Func<RowToken[], IReadOnlyList<SiteFeed>> feeds,
        IReadOnlyList<string> outputs,
        Action<RowToken[], IReadOnlyList<TensorValue>> receive,
        CancellationToken cancellation
    )
    {
        var runs = Math.Max(1, CountFor(tokens.Count));
        foreach (var some in tokens.Chunk(Math.Max(1, (tokens.Count + runs - 1) / runs)))
        {
            var given = inputs.ToDictionary(input => input.Name, input => Gathered(input, some));
            // Read for their sizes alone, if at all.
            given.Add(ModelInputs.TokenInput, NumericArray.Of(new long[some.Length], some.Length, 1));
            var results = session.RunValues(ModelInputs.Of(given), feeds(some), outputs, cancellation: cancellation);
            try
            {
                receive(some, results);
            }
            finally
            {
                foreach (var result in results)
                    result.Dispose();
            }
        }
    }

    private NumericArray Gathered(TokenInput input, RowToken[] tokens)
    {
        var size = input.Shape.Aggregate(1, (product, axis) => product * axis);
        if (_buffers.GetValueOrDefault(input.Name) is not { } buffer || buffer.Length < tokens.Length * size)
            _buffers[input.Name] = buffer = GC.AllocateUninitializedArray<float>(tokens.Length * size);
        for (var index = 0; index < tokens.Length; index++)
            input.Of(tokens[index]).CopyTo(buffer.AsSpan(index * size));
        return NumericArray.Of(buffer.AsMemory(0, tokens.Length * size), [tokens.Length, 1, .. input.Shape]);
    }
}
