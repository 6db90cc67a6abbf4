using System.Collections.Immutable;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Generation;

/// <summary>
/// Prompts of any lengths as one batch, and what the model reads in each run. Rows are padded on the left where new
/// tokens are appended to a cache of equal length, else on the right.
/// </summary>
/// <param name="Prompts">The tokens of each prompt.</param>
/// <param name="PadsLeft">Whether padding comes before the text.</param>
/// <param name="Inputs">The names of the model's inputs.</param>
internal sealed record PromptBatch(
    ImmutableArray<ImmutableArray<int>> Prompts,
    bool PadsLeft,
    ImmutableHashSet<string> Inputs
)
{
    /// <summary>How many texts there are.</summary>
    public int Count => Prompts.Length;

    /// <summary>The length of the longest prompt.</summary>
    public int Longest { get; } = Prompts.Max(prompt => prompt.Length);

    /// <summary>Whether prompts differ in length.</summary>
    public bool IsPadded => Prompts.Any(prompt => prompt.Length < Longest);

    /// <summary>How many padding tokens come before a row's text.</summary>
    public int OffsetOf(int row) => PadsLeft ? Longest - Prompts[row].Length : 0;

    /// <summary>What the first run reads.</summary>
    public ModelInputs Prompt() => Whole([.. Prompts]);

    /// <summary>What a run reads that takes the whole texts again.</summary>
    public ModelInputs Whole(IReadOnlyList<IReadOnlyList<int>> texts)
    {
        var longest = texts.Max(text => text.Count);
        var ids = new long[Count * longest];
        for (var row = 0; row < Count; row++)
        {
            var start = (row * longest) + (PadsLeft ? longest - texts[row].Count : 0);
            for (var index = 0; index < texts[row].Count; index++)
                ids[start + index] = texts[row][index];
        }

        return Masked(NumericArray.Of(ids, Count, longest), longest, row => texts[row].Count, isOn: false);
    }

    /// <summary>The place of each row's last token in what <see cref="Whole"/> reads.</summary>
    public NumericArray LastOf(IReadOnlyList<IReadOnlyList<int>> texts)
    {
        var longest = texts.Max(text => text.Count);
        return NumericArray.Of(
            texts.Select(text => (long)(PadsLeft ? longest : text.Count) - 1).ToArray(),
            texts.Count,
            1
        );
    }

    /// <summary>What a run reads that goes on from the cache with the rest of the only prompt.</summary>
    /// <param name="past">How many of its tokens are in the cache.</param>
    public ModelInputs Rest(int past)
    {
        var rest = Prompts[0].AsSpan()[past..];
        var ids = new long[rest.Length];
        for (var index = 0; index < ids.Length; index++)
            ids[index] = rest[index];
        var inputs = Masked(NumericArray.Of(ids, 1, ids.Length), Longest, _ => Longest, isOn: true);
        if (!Inputs.Contains(PositionInput.Name))
            return inputs;
        var positions = Enumerable.Range(past, ids.Length).Select(position => (long)position).ToArray();
        return new ModelInputs(inputs.Arrays.Add(PositionInput.Name, NumericArray.Of(positions, 1, ids.Length)));
    }

    /// <summary>What a run reads that goes on from the cache with one token a row.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="generated">How many new tokens there are, these included.</param>
    public ModelInputs Next(IReadOnlyList<int> tokens, int generated)
    {
        var inputs = Masked(
            NumericArray.Of(tokens.Select(token => (long)token).ToArray(), Count, 1),
            Longest + generated,
            row => Prompts[row].Length + generated,
            isOn: true
        );
        if (!Inputs.Contains(PositionInput.Name))
            return inputs;
        var positions = Prompts.Select(prompt => (long)(prompt.Length + generated - 1)).ToArray();
        return new ModelInputs(inputs.Arrays.Add(PositionInput.Name, NumericArray.Of(positions, Count, 1)));
    }

    // Tokens, and what the model reads of them besides: which are kept, and whether there is a cache.
    private ModelInputs Masked(NumericArray tokens, int length, Func<int, int> kept, bool isOn)
    {
        var arrays = ImmutableDictionary<string, NumericArray>.Empty.Add(ModelInputs.TokenInput, tokens);
        if (Inputs.Contains(InputFiller.Mask))
            arrays = arrays.Add(InputFiller.Mask, MaskOf(length, kept));
        if (Inputs.Contains(InputFiller.CacheSwitch))
            arrays = arrays.Add(InputFiller.CacheSwitch, NumericArray.Of(new[] { isOn ? 1L : 0L }, 1));
        return new ModelInputs(arrays);
    }

    // Ones for a row's own tokens. A row's new tokens go on where its padding was, or after it.
    private NumericArray MaskOf(int length, Func<int, int> kept)
    {
        var marks = new long[Count * length];
        for (var row = 0; row < Count; row++)
        {
            var count = kept(row);
            marks.AsSpan((row * length) + (PadsLeft ? length - count : 0), count).Fill(1);
        }

        return NumericArray.Of(marks, Count, length);
    }
}
