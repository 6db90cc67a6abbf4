using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxIntervene.Execution;
using OnnxIntervene.Steering;

namespace OnnxIntervene.Cli.Commands;

/// <summary>By what a search for a vector's layer and coefficient judges: the projection, or words.</summary>
internal sealed class SteeringScoreOptions
{
    private const int MostSamples = 10_000;

    private static readonly ImmutableSortedDictionary<string, SteeringScore> s_scores = new Dictionary<
        string,
        SteeringScore
    >
    {
        ["projection"] = SteeringScore.Projection,
        ["next-token"] = SteeringScore.NextToken,
        ["generated-text"] = SteeringScore.GeneratedText,
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    private readonly Option<string?> _score = new("--score")
    {
        Description =
            "What the effect is: projection, how far the values move along the vector; next-token, the probability "
            + "that one of the words follows the prompts (its first token); generated-text, the share of the words of "
            + "generated texts that are among them. Default: next-token with words, else projection.",
    };
    private readonly WordOptions _words = new(
        "Words with commas between, such as joy,happy: a bag of words that --score looks for."
    );
    private readonly Option<string?> _wordIds = new("--word-ids")
    {
        Description = "The same as token ids, for --score next-token: 5,9.",
    };
    private readonly SamplingOptions _sampling = new();
    private readonly ScheduleOptions _schedule = new();
    private readonly Option<int> _samples = new("--samples")
    {
        Description = "How many texts are drawn after each prompt, for --score generated-text.",
        DefaultValueFactory = _ => 1,
    };

    /// <summary>What a score is called.</summary>
    public static string NameOf(SteeringScore score) => s_scores.First(entry => entry.Value == score).Key;

    public void AddTo(Command command)
    {
        _score.AcceptOnlyFromAmong([.. s_scores.Keys]);
        _samples.Validators.Add(result => NumberOptions.Require(result, 1, MostSamples));
        command.Add(_score);
        _words.AddTo(command);
        command.Add(_wordIds);
        _sampling.AddTo(command);
        command.Add(_samples);
        _schedule.AddTo(command);
        command.Validators.Add(Check);
    }

    /// <summary>The request with the score.</summary>
    /// <exception cref="IR.InterventionException">A word is empty, or there is none in a file.</exception>
    public SteeringSearchRequest Add(ParseResult arguments, SteeringSearchRequest request, LoadedModel model) =>
        ScoreOf(arguments.CommandResult) == SteeringScore.GeneratedText
            ? request with
            {
                Generated = new GeneratedTextScore
                {
                    Bag = BagOfWords.Of(_words.Read(arguments)),
                    Options = _schedule.Add(arguments, _sampling.Read(arguments), hasLocations: false),
                    Samples = arguments.GetValue(_samples),
                },
            }
            : request with
            {
                Words = Tokens(arguments, model),
            };

    // A word follows a space, as words in a text do.
    private ImmutableArray<int> Tokens(ParseResult arguments, LoadedModel model) =>
        arguments.GetValue(_wordIds) is { } ids
            ? [.. TokenIds.Parse(ids, _wordIds.Name).Distinct()]
            :
            [
                .. _words
                    .Read(arguments)
                    .Select(word => model.Tokenizer.Encode($" {word}", addSpecialTokens: false).Ids[0])
                    .Distinct(),
            ];

    private SteeringScore ScoreOf(CommandResult result) =>
        result.GetValue(_score) is { } name ? s_scores.GetValueOrDefault(name)
        : HasWords(result) ? SteeringScore.NextToken
        : SteeringScore.Projection;

    private bool HasWords(CommandResult result) => _words.IsGiven(result) || EitherOptions.IsGiven(result, _wordIds);

    private void Check(CommandResult result)
    {
        var score = ScoreOf(result);
        var hasIds = EitherOptions.IsGiven(result, _wordIds);
        if (hasIds && _words.IsGiven(result))
            result.AddError($"Give {_words.All[0].Name} or {_wordIds.Name}, not both.");
        if (score == SteeringScore.Projection && HasWords(result))
            result.AddError($"{_score.Name} projection looks for no words; leave them out, or choose another score.");
        if (score == SteeringScore.NextToken && !HasWords(result))
            result.AddError(
                $"{_score.Name} next-token needs words: give {_words.All[0].Name}, {_words.All[1].Name} or "
                    + $"{_wordIds.Name}."
            );
        if (score == SteeringScore.GeneratedText)
            CheckTexts(result);
        else if (
            _sampling
                .All.Append(_samples)
                .Concat(_schedule.All)
                .FirstOrDefault(option => EitherOptions.IsGiven(result, option)) is
            { } idle
        )
            result.AddError($"{idle.Name} goes with {_score.Name} generated-text, for which texts are generated.");
    }

    private void CheckTexts(CommandResult result)
    {
        if (!_words.IsGiven(result))
            result.AddError(
                $"{_score.Name} generated-text needs words: give {_words.All[0].Name} or {_words.All[1].Name}."
            );
        if (NumberOptions.Given(result, _samples) > 1 && !_sampling.Draws(result))
            result.AddError(
                $"{_samples.Name} goes with --temperature above 0; without, all texts of a prompt are the same."
            );
    }
}
