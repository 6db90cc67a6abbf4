using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking;

/// <summary>
/// Draws inputs for a model that nobody gave inputs for: what its file declares, open sizes small, token ids from its
/// vocabulary. The base and the source differ in the text that the layers read; all else is the same.
/// </summary>
internal sealed class RandomInputs(Graph graph, InputLimits limits, int seed)
{
    private const int Positions = 8;
    private const int OpenSize = 4;
    private const int UnknownVocabulary = 32;
    private const long MostElements = 1 << 24;
    private static readonly string[] s_texts = ["decoder_input_ids", ModelInputs.TokenInput];

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, int> _sizes = new(StringComparer.Ordinal);

    /// <summary>A base and a source.</summary>
    /// <exception cref="InterventionException">An input has no known shape, or is too large to draw.</exception>
    public CheckInputs Draw()
    {
        var given = graph.Inputs.Where(input => !input.IsConstant && !InputFiller.CanFill(input.Name)).ToList();
        var text = s_texts.FirstOrDefault(name => given.Exists(input => input.Name == name));
        var (@base, source) = (Empty(), Empty());
        foreach (var input in given)
        {
            var first = Draw(input);
            @base.Add(input.Name, first);
            source.Add(input.Name, text is null ? Draw(input) : input.Name == text ? Draw(input) : first);
        }

        return new CheckInputs(new ModelInputs(@base.ToImmutable()), new ModelInputs(source.ToImmutable()));
    }

    private static ImmutableDictionary<string, NumericArray>.Builder Empty() =>
        ImmutableDictionary.CreateBuilder<string, NumericArray>(StringComparer.Ordinal);

    private NumericArray Draw(Value input)
    {
        if (input.Type is not { Shape: { } declared } type)
            throw new InterventionException(
                $"The file does not say which shape the input '{input.Name}' has; give inputs to check the model with."
            );
        int[] shape = [.. declared.Dimensions.Select(SizeOf)];
        long[] sizes = [.. shape.Select(size => (long)size)];
        if (SizeProduct.Of(sizes) is not { } count || count > MostElements)
            throw new InterventionException(
                $"The input '{input.Name}' is {type}, too large to draw; give inputs to check the model with."
            );
        return type.ElementType.IsFloat()
            ? NumericArray.Of(Enumerable.Range(0, (int)count).Select(_ => Normal()).ToArray(), shape)
            : NumericArray.Of(Enumerable.Range(0, (int)count).Select(_ => Token()).ToArray(), shape);
    }

    // The same name is the same size. The first axis of an input is its examples.
    private int SizeOf(Dimension dimension, int axis)
    {
        if (dimension.Size is { } size)
            return (int)Math.Min(size, int.MaxValue);
        var open = axis switch
        {
            0 => 1,
            1 => Positions,
            _ => OpenSize,
        };
        if (dimension.Symbol is not { Length: > 0 } name)
            return open;
        if (!_sizes.TryGetValue(name, out var known))
            _sizes.Add(name, known = open);
        return known;
    }

    // The lowest ids are often special tokens, which some models treat apart.
    private long Token()
    {
        var vocabulary = limits.Vocabulary ?? UnknownVocabulary;
        return _random.NextInt64(Math.Min(4, vocabulary - 1), vocabulary);
    }

    // Box and Muller, "A note on the generation of random normal deviates", 1958.
    private float Normal() =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
}
