using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Patterns;

/// <summary>Takes the means of the prompts' scores. A part is a layer of a prompt, <c>[head, score]</c>.</summary>
/// <param name="request">The prompts.</param>
/// <param name="components">The probabilities of each layer.</param>
internal sealed class PatternSums(PatternRequest request, ImmutableArray<Component> components)
{
    private readonly ImmutableArray<GridMeans> _means =
    [
        .. PatternScore.All.Select(score => new GridMeans(LayoutOf(score, components))),
    ];

    /// <summary>What is kept: each layer of each prompt.</summary>
    public StudyParts PartsIn(LoadedModel model) =>
        new()
        {
            Identity = () =>
                StudyIdentity.Of(
                    nameof(AttentionPatterns),
                    model,
                    [
                        .. PatternScore.All.Select(score => score.Name),
                        .. components.Select(component => component.ToString()),
                    ],
                    request.Prompts
                ),
            Prompts = request.Prompts.Length,
            PartsOfPrompt = components.Length,
            Count = request.Prompts.Length * components.Length,
            LengthOf = part => components[part].Heads * PatternScore.All.Length,
        };

    /// <summary>The scores of a layer's heads in a prompt; NaN where no position counts.</summary>
    public static float[] ScoresOf(NumericArray patterns, ImmutableArray<int> tokens) =>
        [
            .. Enumerable
                .Range(0, patterns.Shape[0])
                .Select(head => patterns.Row(head))
                .SelectMany(pattern => PatternScore.All.Select(score => (float)score.Of(pattern, tokens))),
        ];

    /// <summary>Counts a layer of a prompt.</summary>
    public void Add(int prompt, int layer, ReadOnlySpan<float> scores)
    {
        for (var index = 0; index < scores.Length; index++)
        {
            var (head, score) = Math.DivRem(index, _means.Length);
            if (!float.IsNaN(scores[index]))
                _means[score].Add(layer, head, scores[index]);
        }
    }

    /// <summary>What was found.</summary>
    public PatternResult ToResult() =>
        new()
        {
            Layers = [.. components.Select(component => component.Address.Layer)],
            Grids = [.. _means.Select(means => means.ToGrid())],
        };

    private static GridLayout LayoutOf(PatternScore score, ImmutableArray<Component> components) =>
        new(
            score.Name,
            [.. components.Select(component => Text(component.Address.Layer))],
            [.. Enumerable.Range(0, components.Max(component => component.Heads)).Select(Text)],
            "head"
        );

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
