using System.Collections.Immutable;
using System.Text.Json;

namespace OnnxIntervene.Tokenization;

/// <summary>Reads which special tokens a post-processor puts around a text.</summary>
internal static class SpecialTokens
{
    /// <summary>The tokens before and after a single text.</summary>
    public static (ImmutableArray<int> Before, ImmutableArray<int> After) Around(JsonElement processor, string path)
    {
        switch (TokenizerJson.Text(processor, "type"))
        {
            case null or "ByteLevel":
                return ([], []);
            case "Sequence"
                when TokenizerJson.Member(processor, "processors") is { ValueKind: JsonValueKind.Array } list:
                var parts = list.EnumerateArray().Select(item => Around(item, path)).ToList();
                return (
                    [.. parts.AsEnumerable().Reverse().SelectMany(part => part.Before)],
                    [.. parts.SelectMany(part => part.After)]
                );
            case "TemplateProcessing":
                return Template(processor, path);
            case "BertProcessing" or "RobertaProcessing":
                return ([Pair(processor, "cls", path)], [Pair(processor, "sep", path)]);
            case var type:
                throw TokenizerJson.NotSupported(path, $"the post-processor '{type}'");
        }
    }

    private static (ImmutableArray<int> Before, ImmutableArray<int> After) Template(JsonElement processor, string path)
    {
        var (before, after) = (ImmutableArray.CreateBuilder<int>(), ImmutableArray.CreateBuilder<int>());
        var isAfter = false;
        if (TokenizerJson.Member(processor, "single") is not { ValueKind: JsonValueKind.Array } single)
            throw TokenizerJson.NotSupported(path, "a template without 'single'");
        foreach (var piece in single.EnumerateArray())
        {
            if (TokenizerJson.Text(TokenizerJson.Member(piece, "SpecialToken"), "id") is { } token)
                (isAfter ? after : before).AddRange(Ids(processor, token, path));
            else
                isAfter = true;
        }

        return (before.ToImmutable(), after.ToImmutable());
    }

    private static IEnumerable<int> Ids(JsonElement processor, string token, string path)
    {
        var entry = TokenizerJson.Member(TokenizerJson.Member(processor, "special_tokens"), token);
        if (TokenizerJson.Member(entry, "ids") is not { ValueKind: JsonValueKind.Array } ids)
            throw TokenizerJson.NotSupported(path, $"a template whose token '{token}' has no ids");
        return ids.EnumerateArray().Select(id => Number(id, path));
    }

    private static int Pair(JsonElement processor, string name, string path) =>
        TokenizerJson.Member(processor, name) is { ValueKind: JsonValueKind.Array } pair && pair.GetArrayLength() == 2
            ? Number(pair[1], path)
            : throw TokenizerJson.NotSupported(path, $"a post-processor without '{name}'");

    private static int Number(JsonElement json, string path) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var number)
            ? number
            : throw TokenizerJson.NotSupported(path, $"a special token numbered {json}");
}
