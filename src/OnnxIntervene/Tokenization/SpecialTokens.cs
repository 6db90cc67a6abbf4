using System.Collections.Immutable;
using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Texts;

namespace OnnxIntervene.Tokenization;

/// <summary>Reads which special tokens a post-processor puts around a text.</summary>
internal static class SpecialTokens
{
    // A template names a token's list of numbers as often as it likes; their product takes memory.
    private const int Most = 1024;

    /// <summary>The tokens before and after a single text.</summary>
    public static (ImmutableArray<int> Before, ImmutableArray<int> After) Around(JsonPlace processor)
    {
        switch (TokenizerPart.Kind(processor))
        {
            case null or "ByteLevel":
                return ([], []);
            case "Sequence":
                var parts = processor["processors"].Items().Select(Around).ToList();
                return (
                    [.. parts.AsEnumerable().Reverse().SelectMany(part => part.Before)],
                    [.. parts.SelectMany(part => part.After)]
                );
            case "TemplateProcessing":
                return Template(processor);
            case "BertProcessing" or "RobertaProcessing":
                return ([Pair(processor["cls"])], [Pair(processor["sep"])]);
            default:
                throw TokenizerPart.NotSupported(processor, "a post-processor of this kind");
        }
    }

    private static (ImmutableArray<int> Before, ImmutableArray<int> After) Template(JsonPlace processor)
    {
        var (before, after) = (ImmutableArray.CreateBuilder<int>(), ImmutableArray.CreateBuilder<int>());
        var tokens = Ids(processor["special_tokens"]);
        var isReached = false;
        foreach (var piece in processor["single"].Items("the template of a single text"))
        {
            if (piece.WithObject().Find("SpecialToken") is not { } special)
            {
                isReached = true;
                continue;
            }

            var token = special.WithObject()["id"];
            if (!tokens.TryGetValue(token.Text(), out var ids))
                throw token.Fault($"the special_tokens do not have {token.Shown}");
            (isReached ? after : before).AddRange(ids);
            if (before.Count + after.Count > Most)
                throw piece.Fault($"the template puts more than {Most} tokens around a text");
        }

        return (before.ToImmutable(), after.ToImmutable());
    }

    private static Dictionary<string, int[]> Ids(JsonPlace tokens) =>
        tokens.IsNothing
            ? []
            : tokens
                .Members()
                .ToDictionary(
                    token => token.Name,
                    token => token.WithObject()["ids"].Integers(0, TokenizerPart.HighestId),
                    StringComparer.Ordinal
                );

    private static int Pair(JsonPlace pair) =>
        pair is { IsList: true, Count: 2 }
            ? pair[1].Integer(0, TokenizerPart.HighestId, "a token's number")
            : throw pair.Expected("a token and its number");
}
