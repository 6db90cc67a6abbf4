using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Generation;

/// <summary>Text generated under a model's interventions (pyvene's <c>IntervenableModel.generate</c>).</summary>
public static class Generator
{
    /// <summary>Generates a text after each prompt.</summary>
    /// <param name="model">The model with its interventions; one without any generates plainly.</param>
    /// <param name="base">
    /// The prompts, token ids <c>[batch, position]</c>; where an attention mask is given, tokens that it leaves out are
    /// padding.
    /// </param>
    /// <param name="options">How tokens are chosen, and when interventions act; greedy where left out.</param>
    /// <param name="sources">As in <see cref="IntervenableModel.Run"/>; sources run once.</param>
    /// <param name="unitLocations">
    /// Where sources are read, and positions of the prompts, counted among a text's own tokens.
    /// </param>
    /// <param name="settings">Coefficients, constant sources and subspaces.</param>
    /// <param name="cancellation">Ends the generation early.</param>
    /// <exception cref="InterventionException">Something does not fit the model; no token was made.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run, or logits are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The generation was cancelled.</exception>
    public static ImmutableArray<GeneratedText> Generate(
        this IntervenableModel model,
        ModelInputs @base,
        GenerationOptions? options = null,
        IReadOnlyList<ModelInputs?>? sources = null,
        UnitLocations? unitLocations = null,
        RunSettings? settings = null,
        CancellationToken cancellation = default
    ) => PlanGeneration(model, RowsOf(@base), options, sources, unitLocations, settings).Run(cancellation);

    /// <summary>Generates a text after each prompt; prompts may differ in length.</summary>
    /// <param name="model">The model with its interventions; one without any generates plainly.</param>
    /// <param name="prompts">The texts.</param>
    /// <param name="options">How tokens are chosen, and when interventions act; greedy where left out.</param>
    /// <param name="sources">As in <see cref="IntervenableModel.Run"/>; sources run once.</param>
    /// <param name="unitLocations">
    /// Where sources are read, and positions of the prompts, counted among a text's own tokens.
    /// </param>
    /// <param name="settings">Coefficients, constant sources and subspaces.</param>
    /// <param name="cancellation">Ends the generation early.</param>
    /// <exception cref="InterventionException">Something does not fit the model; no token was made.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run, or logits are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The generation was cancelled.</exception>
    public static ImmutableArray<GeneratedText> Generate(
        this IntervenableModel model,
        IReadOnlyList<string> prompts,
        GenerationOptions? options = null,
        IReadOnlyList<ModelInputs?>? sources = null,
        UnitLocations? unitLocations = null,
        RunSettings? settings = null,
        CancellationToken cancellation = default
    ) => PlanGeneration(model, RowsOf(model, prompts), options, sources, unitLocations, settings).Run(cancellation);

    /// <summary>
    /// Generates a text after each prompt, and gives tokens as they come. Everything is checked before this returns.
    /// </summary>
    /// <param name="model">The model with its interventions; one without any generates plainly.</param>
    /// <param name="base">The prompts, token ids <c>[batch, position]</c>.</param>
    /// <param name="options">How tokens are chosen, and when interventions act; greedy where left out.</param>
    /// <param name="sources">As in <see cref="IntervenableModel.Run"/>; sources run once.</param>
    /// <param name="unitLocations">
    /// Where sources are read, and positions of the prompts, counted among a text's own tokens.
    /// </param>
    /// <param name="settings">Coefficients, constant sources and subspaces.</param>
    /// <param name="cancellation">Ends the generation early.</param>
    /// <exception cref="InterventionException">Something does not fit the model; no token was made.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run, or logits are not numbers.</exception>
    /// <exception cref="OperationCanceledException">The generation was cancelled.</exception>
    public static IAsyncEnumerable<GeneratedToken> GenerateAsync(
        this IntervenableModel model,
        ModelInputs @base,
        GenerationOptions? options = null,
        IReadOnlyList<ModelInputs?>? sources = null,
        UnitLocations? unitLocations = null,
        RunSettings? settings = null,
        CancellationToken cancellation = default
    ) => Stream(PlanGeneration(model, RowsOf(@base), options, sources, unitLocations, settings), cancellation);

    /// <summary>A generation, checked; nothing has been generated.</summary>
    /// <param name="model">The model with its interventions.</param>
    /// <param name="prompts">The tokens of each prompt.</param>
    /// <param name="options">How tokens are chosen, and when interventions act.</param>
    /// <param name="sources">As in <see cref="IntervenableModel.Run"/>.</param>
    /// <param name="unitLocations">Where sources are read, and positions of the prompts.</param>
    /// <param name="settings">Coefficients, constant sources and subspaces.</param>
    /// <exception cref="InterventionException">Something does not fit the model.</exception>
    public static TextGeneration PlanGeneration(
        this IntervenableModel model,
        ImmutableArray<ImmutableArray<int>> prompts,
        GenerationOptions? options = null,
        IReadOnlyList<ModelInputs?>? sources = null,
        UnitLocations? unitLocations = null,
        RunSettings? settings = null
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        return new TextGeneration(
            new GenerationRequest(
                model,
                prompts,
                sources,
                unitLocations,
                settings ?? new RunSettings(),
                options ?? new GenerationOptions()
            )
        );
    }

    /// <summary>The tokens of each prompt, padding left out.</summary>
    /// <exception cref="InterventionException">The inputs are no prompts.</exception>
    internal static ImmutableArray<ImmutableArray<int>> RowsOf(ModelInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (
            !inputs.Arrays.TryGetValue(ModelInputs.TokenInput, out var tokens)
            || tokens is not { IsInteger: true, Shape: [var count, var length] }
        )
            throw new InterventionException(
                $"A prompt is token ids, '{ModelInputs.TokenInput}' of shape [batch, position]."
            );
        var mask = inputs.Arrays.GetValueOrDefault(InputFiller.Mask);
        if (mask is not null && (!mask.IsInteger || !mask.Shape.SequenceEqual(tokens.Shape)))
            throw new InterventionException(
                $"'{InputFiller.Mask}' is {mask}; integers of the tokens' shape, [{count}, {length}], are expected."
            );
        return [.. Enumerable.Range(0, count).Select(row => Row(tokens, mask, row))];
    }

    private static ImmutableArray<ImmutableArray<int>> RowsOf(IntervenableModel model, IReadOnlyList<string> prompts)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        return [.. prompts.Select(prompt => model.Tokenizer.Encode(prompt).Ids)];
    }

    // Each run on a thread of the pool: the caller's thread is free meanwhile.
    private static async IAsyncEnumerable<GeneratedToken> Stream(
        TextGeneration generation,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        using var tokens = generation.Tokens(cancellation).GetEnumerator();
        while (await Task.Run(tokens.MoveNext, cancellation).ConfigureAwait(false))
            yield return tokens.Current;
    }

    private static ImmutableArray<int> Row(NumericArray tokens, NumericArray? mask, int row)
    {
        var ids = tokens.Row(row).Integers.ToArray();
        return mask is null
            ? [.. ids.Select(id => checked((int)id))]
            :
            [
                .. ids.Zip(mask.Row(row).Integers.ToArray())
                    .Where(pair => pair.Second != 0)
                    .Select(pair => checked((int)pair.First)),
            ];
    }
}
