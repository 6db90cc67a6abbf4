using System.Collections.Immutable;

namespace OnnxIntervene.Reports.Figures;

/// <summary>Attention heads over a text: a grid of heads, and what each of them attends to. Immutable.</summary>
public sealed record AttentionPatterns : Figure
{
    /// <summary>The text's tokens, from which the heads attend.</summary>
    public required ImmutableArray<string> Tokens { get; init; }

    /// <summary>The tokens that are attended to, where they are another text's, as in cross-attention.</summary>
    public ImmutableArray<string> KeyTokens
    {
        get => field.IsDefault ? Tokens : field;
        init;
    }

    /// <summary>The heads: layers down, heads across, and a score of each, such as its induction score.</summary>
    public required Heatmap Grid { get; init; }

    /// <summary>The patterns of some heads or of all.</summary>
    public required ImmutableArray<HeadPattern> Patterns { get; init; }

    private protected override string Kind => "figure of attention patterns";

    /// <summary>A head's pattern as a heatmap: queries down, keys across.</summary>
    /// <exception cref="ArgumentException">The parts of the pattern do not fit.</exception>
    public Heatmap HeatmapOf(HeadPattern pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        CheckPattern(pattern);
        var (layer, head) = (Grid.RowLabels[pattern.Layer], Grid.ColumnLabels[pattern.Head]);
        return new Heatmap
        {
            Title = $"Attention of head {head} in layer {layer}",
            RowLabels = Tokens,
            ColumnLabels = KeyTokens,
            Values = [.. pattern.Weights.Select(weight => (double)weight)],
            RowAxis = "Query",
            ColumnAxis = "Key",
            ValueLabel = "attention",
            Scale = ColorScale.Sequential(0, 1),
        };
    }

    internal override void Check()
    {
        if (Tokens.IsDefaultOrEmpty || KeyTokens.IsEmpty || Patterns.IsDefaultOrEmpty)
            throw Fault("has no tokens or no patterns. Give the text's tokens, and a pattern for each head.");
        Grid.Check();
        foreach (var pattern in Patterns)
            CheckPattern(pattern);
        if (Patterns.DistinctBy(pattern => (pattern.Layer, pattern.Head)).Count() != Patterns.Length)
            throw Fault("has two patterns of one head. Give one for each.");
    }

    private void CheckPattern(HeadPattern pattern)
    {
        var (layers, heads) = (Grid.RowLabels.Length, Grid.ColumnLabels.Length);
        if (pattern.Layer < 0 || pattern.Layer >= layers || pattern.Head < 0 || pattern.Head >= heads)
        {
            throw Fault(
                $"has a pattern of layer {pattern.Layer} and head {pattern.Head}, but its grid has {layers} layers "
                    + $"and {heads} heads."
            );
        }

        var count = pattern.Weights.IsDefault ? 0 : pattern.Weights.Length;
        if (count != (long)Tokens.Length * KeyTokens.Length)
        {
            throw Fault(
                $"has {Tokens.Length} queries and {KeyTokens.Length} keys but {count} weights in layer "
                    + $"{pattern.Layer}, head {pattern.Head}. Give them query by query."
            );
        }
    }
}
