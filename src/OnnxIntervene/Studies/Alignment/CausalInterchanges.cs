using System.Collections.Immutable;
using OnnxIntervene.CausalModels;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>Interchanges of a causal model told to a network.</summary>
public static class CausalInterchanges
{
    /// <summary>
    /// The examples as a network reads them: as texts where the description has a template, else as arrays of numbers.
    /// Sources stand in the order of the causal model's intermediate variables. Positions are named after the
    /// variables, and as the description names others.
    /// </summary>
    /// <param name="description">The causal model, and how it is told.</param>
    /// <param name="examples">The examples.</param>
    /// <param name="model">The network.</param>
    /// <param name="variables">The variables whose sources are kept, in this order; none for all.</param>
    /// <exception cref="InterventionException">
    /// An answer is not one token, a named position is not in a text, or arrays do not fit the network; the message
    /// names the example.
    /// </exception>
    public static InterchangeDataSet Of(
        CausalDescription description,
        IEnumerable<CounterfactualExample> examples,
        LoadedModel model,
        params IReadOnlyList<string> variables
    )
    {
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(variables);
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(model);
        ImmutableArray<int> answers =
        [
            .. description.Answers.Select(answer => PromptText.Answer(answer, model.Tokenizer)),
        ];
        Func<CausalSetting, InterchangeInput> tell = description.Template is { } template
            ? setting => Tell(template, setting, model)
            : Numbers(description.Model, model);
        var causal = description.Model;
        ImmutableArray<int> kept =
        [
            .. variables.Count == 0
                ? Enumerable.Range(0, causal.Intermediates.Length)
                : variables.Select(name => causal.Intermediates.IndexOf(causal.GetIntermediate(name))),
        ];
        var data = new InterchangeDataSet([
            .. examples
                .Select(example => example with { Sources = [.. kept.Select(source => example.Sources[source])] })
                .Select((example, index) => Example(example, index, causal, answers, tell)),
        ])
        {
            Answers = answers,
        };
        data.Check(model);
        return data;
    }

    private static InterchangeExample Example(
        CounterfactualExample example,
        int index,
        CausalModel causal,
        ImmutableArray<int> answers,
        Func<CausalSetting, InterchangeInput> tell
    )
    {
        try
        {
            return new InterchangeExample
            {
                Base = tell(example.Base),
                Sources = [.. example.Sources.Select(source => source is null ? null : tell(source))],
                Label = AnswerOf(example.Labels),
                BaseLabel = AnswerOf(example.BaseLabels),
            };
        }
        catch (InterventionException fault)
        {
            throw new InterventionException($"Example {index + 1}: {fault.Message}", fault);
        }

        int AnswerOf(CausalSetting labels)
        {
            var number = CausalTensors.ClassOf(causal, labels);
            return answers.IsEmpty ? number : answers[number];
        }
    }

    private static Func<CausalSetting, InterchangeInput> Numbers(CausalModel causal, LoadedModel model)
    {
        var input = new ArrayInput(model, isTokens: false);
        return setting => new InterchangeInput(input.Of(CausalTensors.InputToTensor(causal, setting)));
    }

    private static InterchangeInput Tell(TextTemplate template, CausalSetting setting, LoadedModel model)
    {
        var told = template.Fill(setting);
        var text = PromptText.Of(told.Text, model.Tokenizer);
        return InterchangeInputs.Of(
            text,
            told.Spans.Select(span => (span.Name, text.PositionsOf(span.Start, span.End)))
                .Concat(template.Positions.Select(position => (position.Name, Named(position, text))))
        );
    }

    private static ImmutableArray<int> Named(TextPosition position, PromptText text) =>
        position.Text is { } part ? text.PositionsOf(part) : InterchangeInputs.Counted(text, [position.Number!.Value]);
}
