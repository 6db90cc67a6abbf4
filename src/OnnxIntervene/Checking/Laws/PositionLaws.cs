using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Laws;

/// <summary>
/// What one position changes at others. A query changes its own row alone; a key or a value other rows too, and a value
/// no weights; projections treat every position alike; and a model in which one write changes nothing before it is
/// causal in every layer.
/// </summary>
internal static class PositionLaws
{
    // What is small is still a change where one is expected.
    private const double Sensitive = 0.02;

    // A tolerance of bytes, not of floats.
    private const double Coarse = 0.05;

    /// <summary>The laws of one layer.</summary>
    public static IEnumerable<LawFinding> Of(LawContext context, int layer)
    {
        foreach (var prefix in new[] { "", ComponentNames.CrossPrefix })
        {
            if (context.Find(layer, prefix + ComponentNames.AttentionValueOutput) is not { } mixed)
                continue;
            foreach (var finding in Length(context, mixed) > 2 ? Rows(context, layer, mixed, prefix) : [])
                yield return finding;
        }

        if (
            context.Find(layer, ComponentNames.MlpInput) is { } read
            && context.Find(layer, ComponentNames.MlpOutput) is { } output
            && Length(context, read) > 2
            && Length(context, read) == Length(context, output)
        )
            yield return Own(context, read, output, Enumerable.Range(1, Length(context, read) - 1));
        foreach (var finding in Alike(context, layer))
            yield return finding;
    }

    /// <summary>Whether a write changes what comes before it: true, false, or null where it changes nothing.</summary>
    public static bool? ReachesBack(LawContext context, int layer)
    {
        if (
            context.Find(layer, ComponentNames.BlockOutput) is not { } stream
            || context.Find(layer + 1, ComponentNames.BlockOutput) is not { } next
            || Length(context, stream) < 3
            || Length(context, next) != Length(context, stream)
        )
            return null;
        var last = Length(context, stream) - 1;
        return context.SwappedAt(stream, last, out _) is not { } run ? null
            : IsChanged(context, run, next, last, Sensitive) ? IsChangedBefore(context, run, next, last)
            : null;
    }

    private static IEnumerable<LawFinding> Rows(LawContext context, int layer, Component mixed, string prefix)
    {
        var length = Length(context, mixed);
        if (context.Find(layer, prefix + ComponentNames.QueryOutput) is { } query && Length(context, query) == length)
            yield return Own(context, query, mixed, Enumerable.Range(0, length).Reverse());
        var weights = context.Find(layer, prefix + ComponentNames.AttentionWeight);
        foreach (var name in new[] { prefix + ComponentNames.KeyOutput, prefix + ComponentNames.ValueOutput })
        {
            if (context.Find(layer, name) is not { } read || Length(context, read) != length)
                continue;
            // The first positions are read by the rows of all others, in a causal model too.
            if (Differing(context, read, Enumerable.Range(0, length - 1)) is not { } written)
                continue;
            var law = $"{name} changes other rows of {mixed.Address.Name}";
            if (context.SwappedAt(read, written, out var refusal) is not { } run)
            {
                yield return LawContext.Finding(law, [read, mixed], LawOutcome.Untested, refusal);
                continue;
            }

            var others = Enumerable
                .Range(0, length)
                .Any(position => position != written && IsChanged(context, run, mixed, position, Sensitive));
            yield return others
                ? LawContext.Finding(law, [read, mixed], LawOutcome.Proved, "")
                : Still(context, law, run, read, mixed, $"a write at position {written} changes no other position");
            if (weights is not null)
                yield return Weights(context, run, read, weights);
        }
    }

    // A change that is expected is not seen; what runs on bytes may hide it.
    private static LawFinding Still(
        LawContext context,
        string law,
        Snapshot run,
        Component read,
        Component computed,
        string explanation
    )
    {
        var moved = LawContext.Largest(run[computed.Address].Floats, context.Base[computed.Address].Floats);
        return context.Tolerance >= Coarse && moved > 0
            ? LawContext.Finding(law, [read, computed], LawOutcome.Untested, "the change is less than bytes can show")
            : LawContext.Finding(law, [read, computed], LawOutcome.Contradicted, explanation);
    }

    // Keys decide the weights, values do not.
    private static LawFinding Weights(LawContext context, Snapshot run, Component read, Component weights)
    {
        var isKey = read.Address.Name.EndsWith(ComponentNames.KeyOutput, StringComparison.Ordinal);
        var difference = LawContext.Largest(run[weights.Address].Floats, context.Base[weights.Address].Floats);
        var isChanged = difference > (isKey ? Sensitive : 1) * context.Tolerance;
        return LawContext.Finding(
            isKey ? "key_output changes attention_weight" : "value_output leaves attention_weight as it is",
            [read, weights],
            isChanged == isKey ? LawOutcome.Proved : LawOutcome.Contradicted,
            isChanged == isKey ? "" : $"it moves by {difference:G3}"
        );
    }

    private static LawFinding Own(LawContext context, Component read, Component computed, IEnumerable<int> positions)
    {
        var law = $"{read.Address.Name} changes its own position of {computed.Address.Name} alone";
        if (Differing(context, read, positions) is not { } position)
            return LawContext.Finding(law, [read, computed], LawOutcome.Untested, "the two runs do not differ there");
        if (context.SwappedAt(read, position, out var refusal) is not { } run)
            return LawContext.Finding(law, [read, computed], LawOutcome.Untested, refusal);
        if (!IsChanged(context, run, computed, position, Sensitive))
            return Still(context, law, run, read, computed, "it changes nothing");
        var odd = Enumerable
            .Range(0, Length(context, computed))
            .FirstOrDefault(other => other != position && IsChanged(context, run, computed, other), -1);
        return odd < 0
            ? LawContext.Finding(law, [read, computed], LawOutcome.Proved, "")
            : LawContext.Finding(
                law,
                [read, computed],
                LawOutcome.Contradicted,
                $"a write at position {position} changes position {odd}"
            );
    }

    // The same vector everywhere: a projection makes the same of it everywhere, rotated embeddings do not.
    private static IEnumerable<LawFinding> Alike(LawContext context, int layer)
    {
        if (context.Find(layer, ComponentNames.AttentionInput) is not { } read || Length(context, read) < 2)
            yield break;
        var source = context.Source[read.Address];
        var (positions, width) = (source.Shape[1], source.Shape[2]);
        var values = new float[source.Length];
        for (var index = 0; index < values.Length; index++)
            values[index] = source.Floats[(index / (positions * width) * positions * width) + (index % width)];
        var run = context.Written(read, NumericArray.Of(values, source.Shape.AsSpan()));
        foreach (var name in new[] { ComponentNames.QueryOutput, ComponentNames.KeyOutput, ComponentNames.ValueOutput })
        {
            if (context.Find(layer, name) is not { } computed)
                continue;
            var found = run[computed.Address];
            var expected = new float[found.Length];
            var (rows, own) = (found.Shape[1], found.Shape[2]);
            for (var index = 0; index < expected.Length; index++)
                expected[index] = found.Floats[(index / (rows * own) * rows * own) + (index % own)];
            yield return context.Equal(
                $"{name} treats every position alike",
                [computed, read],
                found.Floats,
                expected,
                context.Base[computed.Address].Floats
            );
        }
    }

    // The first of the positions at which the two runs differ; some hold the same in every run, as a class token.
    private static int? Differing(LawContext context, Component component, IEnumerable<int> positions)
    {
        foreach (var position in positions)
        {
            if (IsChanged(context, context.Source, component, position))
                return position;
        }

        return null;
    }

    private static int Length(LawContext context, Component component) => context.Base[component.Address].Shape[1];

    private static bool IsChangedBefore(LawContext context, Snapshot run, Component component, int position) =>
        Enumerable.Range(0, position).Any(other => IsChanged(context, run, component, other));

    private static bool IsChanged(LawContext context, Snapshot run, Component component, int position, double share = 1)
    {
        var (now, before) = (run[component.Address], context.Base[component.Address]);
        var (positions, width) = (now.Shape[1], now.Shape[2]);
        for (var example = 0; example < now.Shape[0]; example++)
        {
            var start = ((example * positions) + position) * width;
            var limit = share * context.Tolerance * LawContext.Largest(before.Floats);
            if (LawContext.Largest(now.Floats.Slice(start, width), before.Floats.Slice(start, width)) > limit)
                return true;
        }

        return false;
    }
}
