using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;
using OnnxIntervene.Tokenization.Decoders;
using OnnxIntervene.Tokenization.Models;
using OnnxIntervene.Tokenization.Normalizers;
using OnnxIntervene.Tokenization.Splitters;

namespace OnnxIntervene.Tokenization;

/// <summary>Finds and reads the files of a tokenizer.</summary>
internal static class TokenizerFiles
{
    private static readonly string[] s_sentencePieces = ["tokenizer.model", "spiece.model"];

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
        if (File.Exists(words))
            return () => WordPieceFile(Inside(words), Inside(config));
        return s_sentencePieces.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } pieces
            ? () => SentencePieces(Inside(pieces), name => Inside(Path.Combine(folder, name)))
            : null;

        // A link may not lead to a file elsewhere.
        string Inside(string path) => FolderBoundary.Of(folder).Checked(path);
    }

    private static TokenizerDefinition SentencePieces(string path, Func<string, string> beside)
    {
        var settings = new SentencePieceSettings(
            Settings("tokenizer_config.json"),
            Settings("special_tokens_map.json"),
            Settings("added_tokens.json")
        );
        return new SentencePieceTokenizer(path, SentencePieceFile.Read(path), settings).Definition();

        JsonPlace Settings(string name) =>
            File.Exists(beside(name)) ? ReadJson(beside(name)) : JsonText.Parse("{}", JsonSource.File($"'{name}'"));
    }

    private static TokenizerDefinition BytePairFiles(string vocabularyPath, string mergesPath)
    {
        var vocabulary = new Vocabulary(Vocabulary.Read(ReadJson(vocabularyPath)));
        var merges = ReadText(mergesPath)
            .Split('\n')
            .Select((line, index) => (Merge: line.TrimEnd('\r'), Fault: FaultAt(mergesPath, index + 1)))
            .Where(line => !line.Merge.StartsWith("#version", StringComparison.Ordinal) && line.Merge.Length > 0)
            .Select(line => Pair(line.Merge, line.Fault));
        return new TokenizerDefinition
        {
            Splitter = new ByteLevelSplitter(addsSpace: false, usesPattern: true, FaultAt(vocabularyPath, 1)),
            Model = new BytePairModel(vocabulary, Merges.Of(vocabulary, merges), new BytePairOptions()),
            Decoder = new TokenDecoder([DecoderReader.ByteLevel]),
            AddedTokens = vocabulary.Find("<|endoftext|>") is { } id ? [AddedToken.Special(id, "<|endoftext|>")] : [],
        };
    }

    private static (string Left, string Right, Func<string, Exception> Fault) Pair(
        string merge,
        Func<string, Exception> fault
    ) =>
        merge.Split(' ') is [var left, var right]
            ? (left, right, fault)
            : throw fault($"the merge '{merge}' is not of tokens in the vocabulary");

    private static TokenizerDefinition WordPieceFile(string path, string configPath)
    {
        var lines = ReadText(path).Split('\n').Select(line => line.TrimEnd('\r')).ToList();
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < lines.Count; id++)
        {
            if (lines[id].Length > 0)
                ids.TryAdd(lines[id], id);
        }

        var vocabulary = new Vocabulary(ids);
        var isLower = !File.Exists(configPath) || ReadJson(configPath).WithObject()["do_lower_case"].Flag(true);
        if (
            vocabulary.Find("[CLS]") is not { } start
            || vocabulary.Find("[SEP]") is not { } end
            || vocabulary.Find("[UNK]") is null
        )
            throw new ModelFormatException($"'{path}' is not a BERT vocabulary: it lacks [CLS], [SEP] or [UNK].");
        string[] special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
        return new TokenizerDefinition
        {
            Normalizer = new BertNormalizer(true, true, isLower, isLower, FaultAt(path, 1)),
            Splitter = SplitterReader.Bert,
            Model = new WordPieceModel(vocabulary, "[UNK]", "##", WordPieceModel.UsualLongestWord),
            Decoder = new TokenDecoder([DecoderReader.WordPiece("##", cleansUp: true)]),
            AddedTokens = [.. special.Where(ids.ContainsKey).Select(token => AddedToken.Special(ids[token], token))],
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
