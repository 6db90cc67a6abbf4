using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxIntervene.Generation;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How tokens are chosen, and when a generation ends.</summary>
internal sealed class SamplingOptions
{
    private const int MostTokens = 10_000_000;

    private readonly Option<int> _most;
    private readonly Option<double> _temperature = new("--temperature")
    {
        Description = "Draw tokens at this temperature; 0 takes the most probable token.",
    };
    private readonly Option<int> _topK = new("--top-k")
    {
        Description = "Draw among so many most probable tokens; 0 for all.",
    };
    private readonly Option<double> _topP = new("--top-p")
    {
        Description = "Draw among the most probable tokens that have this probability together; 1 for all.",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<double> _minP = new("--min-p")
    {
        Description = "Draw among tokens with at least this share of the most probable one's probability; 0 for all.",
    };
    private readonly Option<double> _penalty = new("--repetition-penalty")
    {
        Description = "Divide the logits of tokens that are in the text already; 1 for none.",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<int> _seed = new("--seed") { Description = "Where the random numbers begin." };
    private readonly Option<string[]> _stop = new("--stop")
    {
        Description = "End where this text is generated; can be given several times.",
    };
    private readonly Option<string?> _stopIds = new("--stop-ids")
    {
        Description = "The token ids that end a text, 1,2,3. Default: eos_token_id of the files beside the model.",
    };
    private readonly Option<bool> _ignoresEnd = new("--ignore-eos")
    {
        Description = "Go on after tokens that end a text.",
    };
    private readonly Option<bool> _noCache = new("--no-cache")
    {
        Description = "Compute the whole text again for every token: the check of the cache.",
    };

    /// <param name="mostByDefault">How many new tokens there may be where it is not said.</param>
    public SamplingOptions(int? mostByDefault = null) =>
        _most = new("--max-tokens")
        {
            Description = "The largest number of new tokens.",
            DefaultValueFactory = _ => mostByDefault ?? new GenerationOptions().MaximumNewTokens,
        };

    /// <summary>All of the options.</summary>
    public ImmutableArray<Option> All =>
        [_most, _temperature, _topK, _topP, _minP, _penalty, _seed, _stop, _stopIds, _ignoresEnd, _noCache];

    public void AddTo(Command command)
    {
        _most.Validators.Add(result => NumberOptions.Require(result, 1, MostTokens));
        _topK.Validators.Add(result => NumberOptions.Require(result, 0, int.MaxValue));
        foreach (var option in All)
            command.Add(option);
        command.Validators.Add(RequireTemperature);
    }

    /// <summary>The options, without schedules of interventions.</summary>
    /// <exception cref="InterventionException">A token id is not a number.</exception>
    public GenerationOptions Read(ParseResult arguments) =>
        new()
        {
            MaximumNewTokens = arguments.GetValue(_most),
            Temperature = arguments.GetValue(_temperature),
            TopK = arguments.GetValue(_topK),
            TopP = arguments.GetValue(_topP),
            MinP = arguments.GetValue(_minP),
            RepetitionPenalty = arguments.GetValue(_penalty),
            Seed = arguments.GetValue(_seed),
            StopTexts = [.. arguments.GetValue(_stop) ?? []],
            StopTokens = arguments.GetValue(_stopIds) is { } ids ? [.. TokenIds.Parse(ids, _stopIds.Name)] : null,
            IgnoresEndOfText = arguments.GetValue(_ignoresEnd),
            UsesCache = !arguments.GetValue(_noCache),
        };

    /// <summary>Whether tokens are drawn, and not the most probable ones taken.</summary>
    public bool Draws(CommandResult result) =>
        EitherOptions.IsGiven(result, _temperature) && NumberOptions.Given(result, _temperature) != 0;

    // What draws does nothing where the most probable token is taken.
    private void RequireTemperature(CommandResult result)
    {
        if (Draws(result))
            return;
        var idle = new Option[] { _topK, _topP, _minP, _seed }.FirstOrDefault(option =>
            EitherOptions.IsGiven(result, option)
        );
        if (idle is not null)
            result.AddError(
                $"{idle.Name} goes with {_temperature.Name} above 0; without, the most probable token is taken."
            );
    }
}
