using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Makes the inputs that a caller leaves out, as the exporters' runtimes do: masks of ones, positions from 0, an
/// empty cache.
/// </summary>
internal sealed class InputFiller(
    IReadOnlyDictionary<string, NodeMetadata> inputs,
    ComponentMap components,
    IReadOnlySet<string> ownInputs,
    ImmutableArray<string> modelInputs
)
{
    internal const string PastPrefix = "past_key_values.";
    private static readonly bool[] s_off = [false];
    private static readonly string[] s_filled =
    [
        "encoder_attention_mask",
        "attention_mask",
        "token_type_ids",
        "position_ids",
        "use_cache_branch",
    ];

    /// <summary>A filler for a session of a model as its file has it.</summary>
    public InputFiller(IReadOnlyDictionary<string, NodeMetadata> inputs, ComponentMap components)
        : this(inputs, components, new HashSet<string>(), [.. inputs.Keys]) { }

    /// <summary>Whether an input is filled in when it is not given.</summary>
    public static bool CanFill(string name) =>
        s_filled.Contains(name) || name.StartsWith(PastPrefix, StringComparison.Ordinal);

    /// <summary>
    /// Feeds every input of the model, those given and those filled in. Inputs that a cut of the model does not need
    /// are left out.
    /// </summary>
    /// <exception cref="InterventionException">
    /// An input is missing that cannot be filled in, or one is given that the model does not have.
    /// </exception>
    public void Fill(RunBinding binding, ModelInputs given)
    {
        foreach (var name in given.Arrays.Keys)
        {
            if (!modelInputs.Contains(name))
                throw new InterventionException(
                    $"The model has no input '{name}'. It has: {string.Join(", ", modelInputs)}."
                );
        }

        foreach (var (name, metadata) in inputs)
        {
            if (!ownInputs.Contains(name))
                binding.Own(
                    name,
                    given.Arrays.TryGetValue(name, out var array)
                        ? OrtArrays.Create(array, metadata.ElementDataType, name)
                        : Default(name, metadata, given)
                );
        }
    }

    private OrtValue Default(string name, NodeMetadata metadata, ModelInputs given)
    {
        var (batch, length) = (given.BatchSize, given.Length);
        return name switch
        {
            "encoder_attention_mask" => OrtArrays.Create(
                Filled(batch, EncoderLength(given), 1),
                metadata.ElementDataType,
                name
            ),
            "attention_mask" => OrtArrays.Create(Filled(batch, length, 1), metadata.ElementDataType, name),
            "token_type_ids" => OrtArrays.Create(Filled(batch, length, 0), metadata.ElementDataType, name),
            PositionInput.Name => OrtArrays.Create(Positions(given), metadata.ElementDataType, name),
            "use_cache_branch" => OrtValue.CreateTensorValueFromMemory(s_off, [1]),
            _ when name.StartsWith(PastPrefix, StringComparison.Ordinal) => EmptyPast(name, metadata, batch),
            _ => throw new InterventionException(
                $"The model needs the input '{name}', which was not given and cannot be guessed."
            ),
        };
    }

    // The encoder's text has its own length.
    internal static int EncoderLength(ModelInputs given) =>
        given.Arrays.TryGetValue("encoder_hidden_states", out var states) && states.Shape.Length > 1
            ? states.Shape[1]
            : given.Length;

    private static NumericArray Filled(int batch, int length, long content) =>
        NumericArray.Of(Enumerable.Repeat(content, batch * length).ToArray(), batch, length);

    private NumericArray Positions(ModelInputs given)
    {
        var (batch, length) = (given.BatchSize, given.Length);
        if (
            components.PositionsCountKeptTokens
            && given.Arrays.TryGetValue("attention_mask", out var mask)
            && mask.IsInteger
            && mask.Length == batch * length
        )
            return NumericArray.Of(KeptBefore(mask.Integers, length), batch, length);
        return NumericArray.Of(
            Enumerable.Range(0, batch * length).Select(index => (long)(index % length)).ToArray(),
            batch,
            length
        );
    }

    // A token that is not kept comes before the first.
    private static long[] KeptBefore(ReadOnlySpan<long> marks, int length)
    {
        var positions = new long[marks.Length];
        var kept = 0L;
        for (var index = 0; index < marks.Length; index++)
        {
            kept = (index % length == 0 ? 0 : kept) + marks[index];
            positions[index] = (kept * marks[index]) - 1;
        }

        return positions;
    }

    // [batch, key heads, 0, head width]; some exporters leave the head width open.
    private OrtValue EmptyPast(string name, NodeMetadata metadata, int batch)
    {
        var declared = metadata.Dimensions;
        if (declared.Length != 4)
            throw new InterventionException($"The cache input '{name}' has {declared.Length} axes; 4 are expected.");
        var width =
            declared[3] > 0
                ? declared[3]
                : components
                    .Components.FirstOrDefault(component =>
                        component.Address.Name is "head_key_output" or "head_attention_value_output"
                    )
                    ?.Width
                    ?? throw new InterventionException(
                        $"The width of the cache input '{name}' is unknown; give the input."
                    );
        if (declared[1] < 0)
            throw new InterventionException(
                $"The number of heads of the cache input '{name}' is unknown; give the input."
            );
        long[] shape = [batch, declared[1], 0, width];
        return metadata.ElementDataType switch
        {
            TensorElementType.Float => OrtValue.CreateTensorValueFromMemory(Array.Empty<float>(), shape),
            TensorElementType.Float16 => OrtValue.CreateTensorValueFromMemory(Array.Empty<Float16>(), shape),
            _ => throw new InterventionException(
                $"The cache input '{name}' is {metadata.ElementDataType}, which cannot be filled in; give it."
            ),
        };
    }
}
