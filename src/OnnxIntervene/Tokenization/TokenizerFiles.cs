using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;

namespace OnnxIntervene.Tokenization;

/// <summary>Finds and reads the files of a tokenizer.</summary>
internal static class TokenizerFiles
{
    /// <summary>How the folder's tokenizer is read; null when there is none.</summary>
    public static Func<TokenizerDefinition>? Find(string folder)
    {
        var whole = Path.Combine(folder, "tokenizer.json");
        var (vocabulary, merges) = (Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"));
        var (words, config) = (Path.Combine(folder, "vocab.txt"), Path.Combine(folder, "tokenizer_config.json"));
        if (File.Exists(whole))
            return () => TokenizerJson.Read(ReadJson(Inside(whole)));
        if (File.Exists(vocabulary) && File.Exists(merges))
            return () => BytePairFiles(Inside(vocabulary), Inside(merges));
        return File.Exists(words) ? () => WordPieceFile(Inside(words), Inside(config)) : null;

        // A link may not lead to a file elsewhere.
        string Inside(string path) => FolderBoundary.Of(folder).Checked(path);
    }

    private static TokenizerDefinition BytePairFiles(string vocabularyPath, string mergesPath)
    {
        var vocabulary = TokenizerJson.Vocabulary(ReadJson(vocabularyPath));
        var merges = ReadText(mergesPath)
            .Split('\n')
            .Select((line, index) => (Merge: line.TrimEnd('\r'), Fault: FaultAt(mergesPath, index + 1)))
            .Where(line => !line.Merge.StartsWith("#version", StringComparison.Ordinal) && line.Merge.Length > 0);
        return new TokenizerDefinition
        {
            Model = TokenizerJson.BytePairs(
                vocabulary,
                merges,
                new ByteLevelSplitter(singleDigits: false, usesPattern: true),
                addsSpace: false
            ),
            AddedTokens = vocabulary.TryGetValue("<|endoftext|>", out var id)
                ? [new AddedToken(id, "<|endoftext|>", true, false, false)]
                : [],
        };
    }

    private static TokenizerDefinition WordPieceFile(string path, string configPath)
    {
        var lines = ReadText(path).Split('\n').Select(line => line.TrimEnd('\r')).ToList();
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < lines.Count; id++)
        {
            if (lines[id].Length > 0)
                vocabulary.TryAdd(lines[id], id);
        }

        var isLower = !File.Exists(configPath) || ReadJson(configPath).WithObject()["do_lower_case"].Flag(true);
        if (
            !vocabulary.TryGetValue("[CLS]", out var start)
            || !vocabulary.TryGetValue("[SEP]", out var end)
            || !vocabulary.ContainsKey("[UNK]")
        )
            throw new ModelFormatException($"'{path}' is not a BERT vocabulary: it lacks [CLS], [SEP] or [UNK].");
        string[] special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
        return new TokenizerDefinition
        {
            Model = new WordPieceModel(
                vocabulary,
                new BertNormalizer(true, true, isLower, isLower),
                "[UNK]",
                "##",
                WordPieceModel.UsualLongestWord
            ),
            AddedTokens =
            [
                .. special
                    .Where(vocabulary.ContainsKey)
                    .Select(token => new AddedToken(vocabulary[token], token, true, false, false)),
            ],
            Before = [start],
            After = [end],
        };
    }

    private static Func<string, Exception> FaultAt(string path, int line) =>
        what => new ModelFormatException($"'{path}', line {line}: {what}.");

    private static string ReadText(string path) =>
        RegularFile.ReadText(path, FileLimits.Text, message => new ModelFormatException(message));

    private static JsonPlace ReadJson(string path) => JsonText.Read(path, JsonSource.File($"'{path}'"));
}
