using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.CausalModels;

/// <summary>
/// Reads <c>{"variables": {"W": {"values": […]}, "WX": {"parents": ["W", "X"], "function": "equal"}, …}, "template":
/// "{W} equals {X}", "texts": {"W": {"true": "yes"}}, "answers": {"true": " Yes", "false": " No"}}</c>.
/// </summary>
internal static class DescriptionReader
{
    private static readonly string[] s_templateKeys = ["texts", "positions"];
    private static readonly string[] s_keys = ["variables", "template", "texts", "positions", "answers"];

    public static CausalDescription Read(JsonPlace place)
    {
        place.WithKeys(s_keys);
        var variables = new VariableReader(place["variables"]);
        var model = Made(place["variables"], variables.Read());
        variables.Check(model);
        var template = place.Find("template") is { } text ? TemplateOf(place, text, model) : null;
        foreach (var needless in s_templateKeys.Select(place.Find).OfType<JsonPlace>().Take(template is null ? 1 : 0))
            throw needless.Fault("there is no \"template\" that it could belong to");
        return new CausalDescription(model)
        {
            Template = template,
            Answers = place.Find("answers") is { } answers ? AnswersOf(answers, model) : [],
        };
    }

    private static CausalModel Made(JsonPlace place, ImmutableArray<CausalVariable> variables)
    {
        try
        {
            return new CausalModel(variables);
        }
        catch (InterventionException fault)
        {
            throw place.Fault(fault.Message);
        }
    }

    private static TextTemplate TemplateOf(JsonPlace place, JsonPlace text, CausalModel model)
    {
        var texts = place
            .Find("texts")
            ?.Members()
            .ToDictionary(item => item.Name, item => TextsOf(item, VariableOf(item, model)), StringComparer.Ordinal);
        try
        {
            return new TextTemplate(text.Text(), model)
            {
                Texts = texts?.ToImmutableDictionary(StringComparer.Ordinal) ?? [],
                Positions = PositionsOf(place),
            };
        }
        catch (InterventionException fault)
        {
            throw text.Fault(fault.Message);
        }
    }

    private static CausalVariable VariableOf(JsonPlace place, CausalModel model) =>
        model.Variables.FirstOrDefault(variable => variable.Name == place.Name)
        ?? throw place.Fault(
            "there is no such variable; there are "
                + string.Join(", ", model.Variables.Select(variable => variable.Name))
        );

    private static ImmutableDictionary<CausalValue, string> TextsOf(JsonPlace place, CausalVariable variable) =>
        place
            .Members("an object of values and their texts")
            .ToImmutableDictionary(item => ValueOf(item, variable), item => item.Text());

    // A key is the value as JSON writes it.
    private static CausalValue ValueOf(JsonPlace item, CausalVariable variable) =>
        variable.Values.FirstOrDefault(value => value.ToString() == item.Name)
        ?? throw item.Fault(
            $"'{variable.Name}' cannot be that; it can be "
                + CausalText.List(variable.Values.Select(value => value.ToString()))
        );

    private static ImmutableArray<TextPosition> PositionsOf(JsonPlace place) =>
        [
            .. (place.Find("positions")?.Members() ?? []).Select(item =>
                item.IsText
                    ? new TextPosition(item.Name, item.Text(), null)
                    : new TextPosition(item.Name, null, item.Integer(what: "a position or a text"))
            ),
        ];

    private static ImmutableArray<string> AnswersOf(JsonPlace place, CausalModel model)
    {
        if (model.Outputs is not [var output])
            throw place.Fault($"the causal model has {model.Outputs.Length} outputs; answers need one");
        var texts = TextsOf(place, output);
        var values = output.Values.All(value => value.Kind == CausalValueKind.Truth)
            ? CausalValue.Truths
            : output.Values;
        foreach (var value in values.Where(value => !texts.ContainsKey(value)))
            throw place.Fault($"the answer for {value} is left out");
        return [.. values.Select(value => texts[value])];
    }
}
