using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Patterns;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What heads attend to.</summary>
internal sealed class PatternCommand
{
    private const int MostRandomTokens = 10_000;
    private const int MostSamples = 10_000;
    private const int BestOfEach = 2;

    private readonly ModelOptions _model = new();
    private readonly ReportOptions _output = new("pattern");
    private readonly ReadingPromptOptions _prompts = new();
    private readonly Option<int?> _random = new("--random-tokens")
    {
        Description = "In place of prompts: as many different random tokens, and the same again. Needs no tokenizer.",
    };
    private readonly Option<int> _samples = new("--samples")
    {
        Description = "How many sequences of random tokens.",
        DefaultValueFactory = _ => 10,
    };
    private readonly Option<int> _seed = new("--seed")
    {
        Description = "The seed of the random tokens.",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<string?> _layers = new("--layers") { Description = "Layers, such as 0-5,7. Default: all." };
    private readonly Option<string?> _heads = new("--heads")
    {
        Description =
            "Heads whose patterns in the first prompt are shown: LAYER.HEAD, such as 3.1,5.5. Default: the best two of "
            + "each score.",
    };

    public static Command Create() => new PatternCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "pattern",
            "What does each head attend to? Attention probabilities, and how much of them goes to the previous token, "
                + "to the same token before, and to what followed it then (induction). Examples: onnx-intervene "
                + "pattern --prompt \"When Mary and John went to the store, John\"; onnx-intervene pattern "
                + "--random-tokens 25"
        );
        _model.AddTo(command);
        _prompts.AddTo(command, hasAnswers: false, _random);
        foreach (var option in new Option[] { _random, _samples, _seed, _layers, _heads })
            command.Add(option);
        _output.AddTo(command);
        _random.Validators.Add(result => NumberOptions.Require(result, 1, MostRandomTokens));
        _samples.Validators.Add(result => NumberOptions.Require(result, 1, MostSamples));
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        using var model = _model.Load(arguments);
        var prompts = arguments.GetValue(_random) is { } count
            ? Random(arguments, model, count)
            : _prompts.Read(arguments, model);
        var request = new PatternRequest
        {
            Prompts = prompts,
            Layers = NumberRanges.Parse(arguments.GetValue(_layers), "--layers"),
        };
        ImmutableArray<HeadAddress>? heads = arguments.GetValue(_heads) is { } text
            ? [.. text.Split(',', StringSplitOptions.TrimEntries).Select(HeadAddress.Parse).Distinct()]
            : null;
        AttentionPatterns.RequireHeads(model, heads ?? []);
        var journals = new StudyJournals(arguments, _output);
        var result = journals.Run(
            null,
            "Reading",
            (journal, progress) => AttentionPatterns.Run(model, request, progress, journal, cancellation)
        );
        var chosen = heads ?? Best(result);
        var patterns = AttentionPatterns.Read(model, prompts[0], chosen, cancellation);
        var page = new PatternReport(model, prompts, result, chosen, patterns);
        var report = page.Create();
        _output.Publish(arguments, report, cancellation);
        journals.Delete();
        if (_output.IsJson(arguments))
            return Task.FromResult(ExitCodes.Done);
        foreach (var pattern in page.Figure?.Patterns ?? [])
            Terminal.Of(arguments).WriteHeatmap(page.Figure!.HeatmapOf(pattern));
        StudyText.Write(Terminal.Of(arguments), report);
        return Task.FromResult(ExitCodes.Done);
    }

    private static ImmutableArray<HeadAddress> Best(PatternResult result) =>
        [.. PatternScore.All.SelectMany(score => result.Best(score, BestOfEach)).Distinct()];

    // What the tokenizer puts before a text, where it puts nothing after it.
    private ImmutableArray<StudyPrompt> Random(ParseResult arguments, LoadedModel model, int count)
    {
        var vocabulary = AttentionPatterns.VocabularyOf(model);
        ImmutableArray<int> prefix = model.HasTokenizer && model.Tokenizer.Encode("").Ids is [var first] ? [first] : [];
        return
        [
            .. Enumerable
                .Range(arguments.GetValue(_seed), arguments.GetValue(_samples))
                .Select(seed =>
                    RepeatedTokens.Create(count, seed, vocabulary, prefix, model.HasTokenizer ? model.TokenText : null)
                ),
        ];
    }
}
