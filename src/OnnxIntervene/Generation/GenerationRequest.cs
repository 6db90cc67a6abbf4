using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>Everything that one generation is given.</summary>
internal sealed record GenerationRequest(
    IntervenableModel Model,
    ImmutableArray<ImmutableArray<int>> Prompts,
    IReadOnlyList<ModelInputs?>? Sources,
    UnitLocations? Locations,
    RunSettings Settings,
    GenerationOptions Options
)
{
    /// <summary>
    /// Which random numbers each text has: those of the text at this place of a batch; null for the texts' own places.
    /// </summary>
    public ImmutableArray<int>? Streams { get; init; }

    /// <summary>How many interventions there are.</summary>
    public int Count => Model.Config.Representations.Length;

    /// <summary>When an intervention acts.</summary>
    public InterventionSchedule ScheduleOf(int index) =>
        Options.Schedules.Length switch
        {
            0 => Locations?.BaseOf(index) is null
                ? InterventionSchedule.Always
                : new InterventionSchedule { Phase = GenerationPhase.Prompt },
            1 => Options.Schedules[0],
            _ => Options.Schedules[index],
        };

    /// <summary>The longest text that the model can read; null where nothing says it.</summary>
    public int? Context => (int?)Model.Components.Limits.Context;

    /// <exception cref="InterventionException">A number is out of its range, or something does not fit.</exception>
    public void Check()
    {
        CheckOptions();
        CheckInputs();
        NextTokenLogits.Check(Model.Model.Graph, Model.Components);
        CheckPrompts();
        CheckSchedules();
        CheckKinds();
        StopCondition.Check(Options, Model.Loaded);
    }

    private void CheckOptions()
    {
        Require(Options.MaximumNewTokens >= 1, "The largest number of new tokens must be at least 1");
        Require(Options.Temperature is >= 0 and < 1e6, "The temperature must be 0 (greedy) or a positive number");
        Require(Options.TopK >= 0, "Top-k must be 0 (all) or a positive number");
        Require(Options.TopP is > 0 and <= 1, "Top-p must be above 0 and at most 1");
        Require(Options.MinP is >= 0 and <= 1, "Min-p must be between 0 and 1");
        Require(Options.RepetitionPenalty is > 0 and < 1e6, "The repetition penalty must be a positive number");
    }

    // A text is continued with nothing but itself.
    private void CheckInputs()
    {
        var inputs = Model.Model.Graph.Inputs.Where(input => !input.IsConstant).Select(input => input.Name).ToList();
        if (!inputs.Contains(ModelInputs.TokenInput))
            throw new InterventionException(
                $"The model has no input '{ModelInputs.TokenInput}', so that no text can be generated with it."
            );
        var other = inputs.FirstOrDefault(name => name != ModelInputs.TokenInput && !InputFiller.CanFill(name));
        if (other is null)
            return;
        var isOfPair =
            other.StartsWith("encoder_", StringComparison.Ordinal)
            || other.StartsWith("decoder_", StringComparison.Ordinal);
        throw new InterventionException(
            (
                isOfPair
                    ? $"The model belongs to an encoder and a decoder (its input '{other}'), and text is generated "
                        + "with models that read one text alone. "
                    : $"The model reads '{other}' beside the text, which generation does not feed. "
            ) + "Intervene on single runs of it, with all inputs given: 'run' with --base-file, in C# Run."
        );
    }

    private void CheckPrompts()
    {
        if (Prompts.IsEmpty)
            throw new InterventionException("There is no prompt.");
        for (var row = 0; row < Prompts.Length; row++)
        {
            if (Prompts[row].IsEmpty)
                throw new InterventionException($"Prompt {row} has no tokens; a model needs at least one.");
            if (Context is { } context && Prompts[row].Length > context)
                throw new InterventionException(
                    $"Prompt {row} has {Prompts[row].Length} tokens; the model reads at most {context}."
                );
            foreach (var token in Prompts[row])
                InputChecks.CheckToken(token, Model.Components, $"prompt {row}'s token");
        }
    }

    private void CheckSchedules()
    {
        if (Options.Schedules.Length > 1 && Options.Schedules.Length != Count)
            throw new InterventionException(
                $"{Options.Schedules.Length} schedules for {Count} interventions; give one, or one each."
            );
        for (var index = 0; index < Count; index++)
        {
            var (schedule, representation) = (ScheduleOf(index), Model.Config.Representations[index]);
            Require(
                (schedule.Phase & GenerationPhase.Both) != 0,
                $"{representation}: a schedule needs a phase, the prompt, new tokens or both"
            );
            Require(schedule.From >= 0, $"{representation}: positions of a schedule begin at 0");
            Require(
                schedule.To is not { } end || end > schedule.From,
                $"{representation}: the schedule ends at position {schedule.To}, before it begins"
            );
            foreach (var token in schedule.Tokens)
                InputChecks.CheckToken(token, Model.Components, $"token that the schedule of {representation} acts at");
            Require(schedule.Every >= 1, $"{representation}: every {schedule.Every} positions is no step");
            if (!schedule.Coefficients.IsConstant && !Model.Interventions[index].Type.HasCoefficient)
                throw new InterventionException(
                    $"{representation} has a schedule of coefficients, which its kind does not take."
                );
        }
    }

    private void CheckKinds()
    {
        for (var index = 0; index < Count; index++)
        {
            var type = Model.Interventions[index].Type;
            if (type.CallsFunction)
                throw new InterventionException(
                    $"{Model.Config.Representations[index]}: {type.ClassName} is not possible while text is "
                        + "generated, since its function would run between two halves of every token's run. Write the "
                        + "function as a Custom intervention, which is a part of the graph."
                );
            if (type.ReadsOnly && Settings.Subspaces.RowsOf(index) is not null)
                throw new InterventionException(
                    $"{Model.Config.Representations[index]}: subspaces are not chosen while values are collected from "
                        + "generated text; take the dimensions of what was collected."
                );
        }
    }

    private static void Require(bool isTrue, string what)
    {
        if (!isTrue)
            throw new InterventionException(what + ".");
    }
}
