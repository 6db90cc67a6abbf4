using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Comparing;

/// <summary>The examples of batches one by one, and which of their positions count.</summary>
internal static class Examples
{
    /// <summary>The input that says which positions count.</summary>
    public const string Mask = InputFiller.Mask;

    /// <summary>Each example as a batch of one.</summary>
    /// <exception cref="InterventionException">There is none.</exception>
    public static ImmutableArray<ModelInputs> Of(ImmutableArray<ModelInputs> batches)
    {
        ImmutableArray<ModelInputs> examples =
        [
            .. batches.SelectMany(batch => Enumerable.Range(0, batch.BatchSize).Select(row => Row(batch, row))),
        ];
        if (examples.IsEmpty)
            throw new InterventionException("There is nothing to compare on: give at least one prompt.");
        return examples.FirstOrDefault(example => example.Length == 0) is null
            ? examples
            : throw new InterventionException("A prompt has no tokens; there is nothing to compare on.");
    }

    /// <summary>The positions that the mask keeps; null for all of them.</summary>
    public static bool[]? Kept(ModelInputs example)
    {
        if (!example.Arrays.TryGetValue(Mask, out var mask) || mask.Shape is not [1, _])
            return null;
        return mask.IsInteger
            ? [.. mask.Integers.ToArray().Select(mark => mark != 0)]
            : [.. mask.Floats.ToArray().Select(mark => mark != 0)];
    }

    /// <summary>The example as a model takes it: without a mask that keeps everything, where it takes none.</summary>
    public static ModelInputs For(LoadedModel model, ModelInputs example) =>
        Kept(example) is { } kept
        && Array.TrueForAll(kept, isKept => isKept)
        && model.Model.Graph.Inputs.All(input => input.Name != Mask)
            ? new ModelInputs(example.Arrays.Remove(Mask))
            : example;

    private static ModelInputs Row(ModelInputs batch, int row) =>
        batch.BatchSize == 1
            ? batch
            : new ModelInputs(
                batch.Arrays.ToImmutableDictionary(array => array.Key, array => Row(array.Value, row, batch.BatchSize))
            );

    private static NumericArray Row(NumericArray array, int row, int examples) =>
        array.Shape is [var first, .. var rest] && first == examples ? array.Row(row).Reshape([1, .. rest]) : array;
}
