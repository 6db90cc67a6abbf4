using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Makes the inputs that a caller leaves out, as the exporters' runtimes do: masks of ones, positions from 0, or
/// after the cache, an empty cache.
/// </summary>
internal sealed class InputFiller(
    IReadOnlyDictionary<string, NodeMetadata> inputs,
    ComponentMap components,
    IReadOnlySet<string> ownInputs,
    ImmutableArray<string> modelInputs
)
{
    internal const string PastPrefix = "past_key_values.";
    internal const string CacheSwitch = "use_cache_branch";
    internal const string Mask = "attention_mask";
    private const string EncoderMask = "encoder_attention_mask";
    private const string DecoderMask = "decoder_attention_mask";
    private const string DecoderTokens = "decoder_input_ids";
    private const string TokenTypes = "token_type_ids";
    private static readonly string[] s_filled =
    [
        EncoderMask,
        DecoderMask,
        Mask,
        TokenTypes,
        PositionInput.Name,
        CacheSwitch,
    ];

    /// <summary>A filler for a session of a model as its file has it.</summary>
    public InputFiller(IReadOnlyDictionary<string, NodeMetadata> inputs, ComponentMap components)
        : this(inputs, components, new HashSet<string>(), [.. inputs.Keys]) { }

    /// <summary>The session's inputs that have a default, which is taken where they are not given.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> Overridable { get; init; } =
        ImmutableDictionary<string, NodeMetadata>.Empty;

    /// <summary>Whether an input is filled in when it is not given.</summary>
    public static bool CanFill(string name) =>
        s_filled.Contains(name) || name.StartsWith(PastPrefix, StringComparison.Ordinal);

    /// <summary>Whether an input says something of the tokens, or of those before them, and of no other text.</summary>
    public static bool IsOfTheText(string name) =>
        CanFill(name)
        && name is not (EncoderMask or DecoderMask)
        && !name.Contains(".encoder.", StringComparison.Ordinal);

    /// <summary>
    /// Feeds every input of the model that is not fed yet, those given and those filled in. Inputs that a cut of the
    /// model does not need are left out.
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

        var sizes = new Lazy<InputSizes>(() => InputSizes.Of(given, components));
        foreach (var (name, metadata) in inputs)
        {
            if (!ownInputs.Contains(name) && binding.Find(name) is null)
                binding.Own(
                    name,
                    given.Arrays.TryGetValue(name, out var array)
                        ? OrtArrays.Create(array, metadata.ElementDataType, name)
                        : Default(name, metadata, given, sizes)
                );
        }

        foreach (var (name, metadata) in Overridable)
        {
            if (!ownInputs.Contains(name) && given.Arrays.TryGetValue(name, out var array))
                binding.Own(name, OrtArrays.Create(array, metadata.ElementDataType, name));
        }
    }

    private OrtValue Default(string name, NodeMetadata metadata, ModelInputs given, Lazy<InputSizes> sizes)
    {
        if (!CanFill(name))
            throw new InterventionException(
                $"The model needs the input '{name}', which was not given and cannot be guessed."
            );
        var batch = sizes.Value.RequireExamples(given);
        if (name.StartsWith(PastPrefix, StringComparison.Ordinal))
            return EmptyPast(name, metadata, batch, sizes.Value);
        if (name == CacheSwitch)
            return OrtValue.CreateTensorValueFromMemory(new[] { sizes.Value.Past > 0 }, [1]);
        var array =
            name == PositionInput.Name
                ? Positions(given, batch, sizes.Value)
                : Filled(batch, LengthOf(name, given, sizes.Value), name == TokenTypes ? 0 : 1);
        return OrtArrays.Create(array, metadata.ElementDataType, name);
    }

    /// <summary>How many positions a mask, token types or positions have when they are filled in.</summary>
    internal static int LengthOf(string name, ModelInputs given, InputSizes sizes) =>
        name switch
        {
            EncoderMask => EncoderLength(given, sizes),
            // The mask of the encoder's text, in a file that holds the decoder too.
            Mask when given.Arrays.ContainsKey(DecoderTokens) => sizes.Length,
            Mask => sizes.Past + sizes.Length,
            DecoderMask => sizes.Past
                + (given.Arrays.TryGetValue(DecoderTokens, out var text) ? text.Shape[^1] : sizes.Length),
            _ => sizes.Length,
        };

    // The encoder's text has its own length.
    private static int EncoderLength(ModelInputs given, InputSizes sizes) =>
        given.Arrays.TryGetValue("encoder_hidden_states", out var states) && states.Shape.Length > 1
            ? states.Shape[1]
            : sizes.Length;

    private static NumericArray Filled(int batch, int length, long content) =>
        NumericArray.Of(Enumerable.Repeat(content, batch * length).ToArray(), batch, length);

    // Positions go on after the cache. Where the mask leaves tokens out, those that it keeps are counted, so that a
    // text has the same positions with padding and without.
    private NumericArray Positions(ModelInputs given, int batch, InputSizes sizes)
    {
        var (length, whole) = (sizes.Length, sizes.Past + sizes.Length);
        if (
            given.Arrays.TryGetValue(Mask, out var mask)
            && mask.IsInteger
            && mask.Length == batch * whole
            && (components.PositionsCountKeptTokens || mask.Integers.Contains(0))
        )
            return NumericArray.Of(KeptBefore(mask.Integers, whole, length), batch, length);
        return NumericArray.Of(
            Enumerable.Range(0, batch * length).Select(index => (long)(sizes.Past + (index % length))).ToArray(),
            batch,
            length
        );
    }

    // The last positions of each row. A token that is not kept has the position before the first where the table has a
    // row for it, as OPT's has, else the first.
    private long[] KeptBefore(ReadOnlySpan<long> marks, int whole, int length)
    {
        var positions = new List<long>(marks.Length);
        var (kept, left) = (0L, components.PositionsCountKeptTokens ? -1 : 0);
        for (var index = 0; index < marks.Length; index++)
        {
            kept = (index % whole == 0 ? 0 : kept) + marks[index];
            if (index % whole >= whole - length)
                positions.Add(marks[index] == 0 ? left : kept - 1);
        }

        return [.. positions];
    }

    /// <summary>
    /// The heads and the width of a head of a cache input, <c>[batch, key/value heads, past, head width]</c>; null
    /// where neither the file nor a component tells one of them. Some exporters leave the width open.
    /// </summary>
    /// <exception cref="InterventionException">The input has another number of axes.</exception>
    public (int? Heads, int? Width) CacheSizes(string name)
    {
        var declared = inputs[name].Dimensions;
        if (declared.Length != 4)
            throw new InterventionException($"The cache input '{name}' has {declared.Length} axes; 4 are expected.");
        var width =
            declared[3] > 0
                ? declared[3]
                : components
                    .Components.FirstOrDefault(component =>
                        component.Address.Name is "head_key_output" or "head_attention_value_output"
                    )
                    ?.Width;
        return (declared[1] > 0 ? declared[1] : null, width);
    }

    private OrtValue EmptyPast(string name, NodeMetadata metadata, int batch, InputSizes sizes)
    {
        if (sizes.Past > 0)
            throw new InterventionException(
                $"The cache input '{name}' is missing, but others are given; give them all."
            );
        var (heads, width) = CacheSizes(name);
        long[] shape =
        [
            batch,
            heads
                ?? throw new InterventionException(
                    $"The number of heads of the cache input '{name}' is unknown; give the input."
                ),
            0,
            width
                ?? throw new InterventionException(
                    $"The width of the cache input '{name}' is unknown; give the input."
                ),
        ];
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
