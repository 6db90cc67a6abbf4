using System.CommandLine;
using OnnxIntervene.Generation;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>When interventions act while text is generated.</summary>
internal sealed class ScheduleOptions
{
    private readonly Option<GenerationPhase?> _phase = new("--phase")
    {
        Description =
            "Act on the prompt, on generated tokens, or on both. Default: both; with positions in the configuration, "
            + "the prompt.",
    };
    private readonly Option<int?> _from = new("--from")
    {
        Description = "Act from this position of the text on, prompt and new tokens counted from 0.",
    };
    private readonly Option<int?> _to = new("--to") { Description = "Act before this position." };
    private readonly Option<int?> _every = new("--every") { Description = "Act at every k-th position, from --from." };
    private readonly Option<string?> _tokens = new("--at-tokens")
    {
        Description = "Act at these tokens only, by their ids: 1,2,3.",
    };
    private readonly Option<float[]> _factors = new("--factors")
    {
        Description =
            "What the coefficient is multiplied by in each run, the prompt's first; the last one goes on: "
            + "--factors 1 --factors 0.5 --factors 0.",
    };
    private readonly Option<bool?> _pyvene = new("--intervene-on-prompt")
    {
        Description =
            "pyvene's meaning of generate: true acts on the prompt (with positions on it alone), false on new tokens.",
    };

    /// <summary>The options.</summary>
    public IReadOnlyList<Option> All => [_phase, _from, _to, _every, _tokens, _factors, _pyvene];

    public void AddTo(Command command)
    {
        foreach (var option in All)
            command.Add(option);
        foreach (var (option, least) in new[] { (_from, 0), (_to, 1), (_every, 1) })
            option.Validators.Add(result => NumberOptions.Require(result, least, int.MaxValue));
        command.Validators.Add(result =>
        {
            if (EitherOptions.IsGiven(result, _pyvene) && EitherOptions.IsGiven(result, _phase))
                result.AddError($"Give {_phase.Name} or {_pyvene.Name}, not both.");
        });
    }

    /// <summary>Options of a generation with the schedule of all interventions, where one is given.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="options">The options without.</param>
    /// <param name="hasLocations">Whether the configuration has unit locations.</param>
    /// <exception cref="InterventionException">A token id is not a number.</exception>
    public GenerationOptions Add(ParseResult arguments, GenerationOptions options, bool hasLocations) =>
        Read(arguments, hasLocations) is { } schedule ? options with { Schedules = [schedule] } : options;

    // Null where none is given.
    private InterventionSchedule? Read(ParseResult arguments, bool hasLocations)
    {
        if (!All.Any(option => EitherOptions.IsGiven(arguments.CommandResult, option)))
            return null;
        var start =
            arguments.GetValue(_pyvene) is { } onPrompt ? InterventionSchedule.AsPyvene(onPrompt, hasLocations)
            : hasLocations ? new InterventionSchedule { Phase = GenerationPhase.Prompt }
            : InterventionSchedule.Always;
        return start with
        {
            Phase = arguments.GetValue(_phase) ?? start.Phase,
            From = arguments.GetValue(_from) ?? 0,
            To = arguments.GetValue(_to),
            Every = arguments.GetValue(_every) ?? 1,
            Tokens = arguments.GetValue(_tokens) is { } ids ? [.. TokenIds.Parse(ids, _tokens.Name)] : [],
            Coefficients = arguments.GetValue(_factors) is { Length: > 0 } factors
                ? CoefficientSchedule.Of(factors)
                : CoefficientSchedule.Constant,
        };
    }
}
