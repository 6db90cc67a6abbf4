using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Patterns;

/// <summary>
/// Reads attention probabilities, wherever <c>attention_weight</c> is a component, and scores the heads.
/// </summary>
public static class AttentionPatterns
{
    private const long MostNumbers = 1 << 26;

    /// <summary>Scores every head on every prompt.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">The prompts.</param>
    /// <param name="progress">Told how many prompts are done.</param>
    /// <param name="journal">Where prompts that are done are kept; null to keep none.</param>
    /// <param name="cancellation">Ends the study early.</param>
    /// <exception cref="InterventionException">
    /// The model has no attention probabilities that can be read, a prompt does not fit it, or the journal is of
    /// another study.
    /// </exception>
    /// <exception cref="ModelFormatException">The journal is not one.</exception>
    /// <exception cref="IOException">The journal cannot be written.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The study was cancelled.</exception>
    public static PatternResult Run(
        LoadedModel model,
        PatternRequest request,
        IProgress<SweepProgress>? progress = null,
        StudyJournal? journal = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        Check(request.Prompts);
        var components = Components(model, request.Layers);
        var sums = new PatternSums(request, components);
        using var kept = PartJournal.Open(journal, sums.PartsIn(model), sums.Add);
        var parts = components.Chunk(LayersAtOnce(request.Prompts, components)).ToList();
        var row = 0;
        for (var part = 0; part < parts.Count; part++)
        {
            var count = request.Prompts.Length;
            using var reader = new ComponentReader(model, [.. parts[part].Select(component => component.Address)]);
            reader.ReadSome(
                request.Prompts,
                kept.Missing(row, parts[part].Length),
                Keep,
                new PartProgress(progress, part * count, parts.Count * count),
                cancellation
            );
            row += parts[part].Length;
        }

        return sums.ToResult();

        void Keep(PromptReading reading)
        {
            var tokens = Tokens(request.Prompts[reading.Prompt]);
            for (var index = 0; index < reading.Values.Length; index++)
                kept.Keep(reading.Prompt, row + index, PatternSums.ScoresOf(reading.Values[index], tokens));
        }
    }

    /// <summary>The probabilities of some heads in one prompt, each <c>[query, key]</c>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="heads">The heads.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">There is no such head, or the prompt does not fit the model.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped the run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static ImmutableArray<NumericArray> Read(
        LoadedModel model,
        StudyPrompt prompt,
        ImmutableArray<HeadAddress> heads,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompt);
        Check([prompt]);
        RequireHeads(model, heads);
        ImmutableArray<int> layers = [.. heads.Select(head => head.Layer).Distinct()];
        if (layers.IsEmpty)
            return [];
        using var reader = new ComponentReader(model, [.. layers.Select(AddressOf)]);
        ImmutableArray<NumericArray> patterns = [];
        reader.Read(
            [prompt],
            reading => patterns = [.. heads.Select(head => reading.Values[layers.IndexOf(head.Layer)].Row(head.Head))],
            cancellation: cancellation
        );
        return patterns;
    }

    /// <summary>Throws unless the model has all of these heads.</summary>
    /// <exception cref="InterventionException">One is missing; the message has the layer's number of heads.</exception>
    public static void RequireHeads(LoadedModel model, ImmutableArray<HeadAddress> heads)
    {
        ArgumentNullException.ThrowIfNull(model);
        foreach (var head in heads)
        {
            var component = Component(model, head.Layer);
            if (head.Head < 0 || head.Head >= component.Heads)
                throw new InterventionException(
                    $"There is no head {head}: layer {head.Layer} has the heads 0 to {component.Heads - 1}."
                );
        }
    }

    /// <summary>
    /// How many tokens a model knows, from 0 on: those of its tokenizer, or of its table of embeddings.
    /// </summary>
    /// <exception cref="InterventionException">Neither tells.</exception>
    public static int VocabularyOf(LoadedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var rows = model.Components.Limits.Vocabulary ?? int.MaxValue;
        var known = model.HasTokenizer ? Math.Min(rows, model.Tokenizer.VocabularySize) : rows;
        return known < int.MaxValue
            ? (int)known
            : throw new InterventionException(
                "How many tokens the model knows was not found, so that none can be drawn at random. Give a prompt."
            );
    }

    // Probabilities grow with the square of a prompt's length.
    private static int LayersAtOnce(ImmutableArray<StudyPrompt> prompts, ImmutableArray<Component> components)
    {
        var longest = (long)prompts.Max(prompt => prompt.Length);
        var numbers = components.Max(component => component.Heads) * longest * longest;
        return (int)Math.Clamp(MostNumbers / numbers, 1, components.Length);
    }

    private static void Check(ImmutableArray<StudyPrompt> prompts)
    {
        if (prompts.IsDefaultOrEmpty)
            throw new InterventionException("There are no prompts.");
        for (var index = 0; index < prompts.Length; index++)
        {
            if (!prompts[index].Inputs.Arrays.ContainsKey(ModelInputs.TokenInput))
                throw new InterventionException(
                    $"Prompt {index + 1} has no '{ModelInputs.TokenInput}', whose repetitions the scores look for."
                );
        }
    }

    private static ImmutableArray<Component> Components(LoadedModel model, ImmutableArray<int> layers)
    {
        if (!layers.IsEmpty)
            return [.. layers.Select(layer => Component(model, layer))];
        ImmutableArray<Component> all =
        [
            .. Enumerable
                .Range(0, model.Components.LayerCount)
                .Select(AddressOf)
                .Where(address => model.Components.Components.Any(component => component.Address == address))
                .Select(model.Components.Get),
        ];
        return all.IsEmpty
            ? [Component(model, 0)] // throws, with the reason why it was not found
            : all;
    }

    private static Component Component(LoadedModel model, int layer)
    {
        var component = model.Components.Get(AddressOf(layer));
        return component.Layout == ComponentLayout.HeadsFirst
            ? component
            : throw new InterventionException($"{component} is not [batch, head, query, key].");
    }

    private static ComponentAddress AddressOf(int layer) => new(layer, ComponentNames.AttentionWeight);

    private static ImmutableArray<int> Tokens(StudyPrompt prompt) =>
        [.. prompt.Inputs.Tokens.IntegerMemory.ToArray().Select(token => (int)token)];
}
