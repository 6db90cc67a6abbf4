using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Runs;

/// <summary>
/// Draws inputs for a model that nobody gave inputs for: what its file declares, open sizes small, token ids from its
/// vocabulary. The base and the source differ in the text that the layers read; all else is the same.
/// </summary>
internal sealed class RandomInputs(Graph graph, InputLimits limits, int? imageSize, int seed)
{
    private const int Positions = 8;
    private const int OpenSize = 4;
    private const int UnknownVocabulary = 32;
    private const int UnknownChannels = 3;
    private const int UnknownSide = 224;
    private const long Special = 4;
    private const long MostElements = 1 << 24;
    private static readonly string[] s_texts = ["decoder_input_ids", ModelInputs.TokenInput];

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, int> _sizes = new(StringComparer.Ordinal);

    /// <summary>A base and a source.</summary>
    /// <param name="variesAll">Whether every input differs, not the text of the model's own layers alone.</param>
    /// <exception cref="InterventionException">An input has no known shape, or is too large to draw.</exception>
    public CheckInputs Draw(bool variesAll)
    {
        var given = graph.Inputs.Where(input => !input.IsConstant && !InputFiller.CanFill(input.Name)).ToList();
        var text = s_texts.FirstOrDefault(name => given.Exists(input => input.Name == name));
        var (@base, source) = (Empty(), Empty());
        foreach (var input in given)
        {
            var first = Draw(input);
            @base.Add(input.Name, first);
            source.Add(input.Name, variesAll || text is null || input.Name == text ? Other(input, first) : first);
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
        int[] shape = [.. IsImage(input) ? ImageShape(input, declared) : declared.Dimensions.Select(SizeOf)];
        long[] sizes = [.. shape.Select(size => (long)size)];
        if (SizeProduct.Of(sizes) is not { } count || count > MostElements)
            throw new InterventionException(
                $"The input '{input.Name}' is {type}, too large to draw; give inputs to check the model with."
            );
        return type.ElementType.IsFloat()
            ? NumericArray.Of(Enumerable.Range(0, (int)count).Select(_ => Normal()).ToArray(), shape)
            : NumericArray.Of(Enumerable.Range(0, (int)count).Select(_ => Token(IdsOf(input))).ToArray(), shape);
    }

    private static bool IsImage(Value input) =>
        input.Type?.Shape?.Rank == 4 && input.Uses.Any(use => use.Node.Operator.OperatorType == "Conv");

    // [batch, channels, height, width]; the first convolution says how many channels there are.
    private IEnumerable<int> ImageShape(Value input, Shape declared)
    {
        var first = input.Uses.First(use => use.Node.Operator.OperatorType == "Conv").Node;
        var kernel = GraphConstants.Dimensions(first.Inputs[1]!);
        var groups = first.FindAttribute("group") is { Kind: AttributeKind.Integer } group ? group.Integer : 1;
        var channels = kernel is { Length: 4 } sizes ? sizes[1] * groups : UnknownChannels;
        var side = imageSize ?? UnknownSide;
        int[] open = [1, (int)Math.Min(channels, int.MaxValue), side, side];
        return declared.Dimensions.Select((size, axis) => size.Size is { } known ? (int)known : open[axis]);
    }

    // Every token is another one.
    private NumericArray Other(Value input, NumericArray first)
    {
        var other = Draw(input);
        if (!first.IsInteger)
            return other;
        var tokens = other.Integers.ToArray();
        for (var index = 0; index < tokens.Length; index++)
        {
            if (tokens[index] == first.Integers[index])
                tokens[index] =
                    tokens[index] > Special ? tokens[index] - 1 : Math.Min(tokens[index] + 1, IdsOf(input) - 1);
        }

        return NumericArray.Of(tokens, first.Shape.AsSpan());
    }

    // The same name is the same size. The first axis of an input is its examples, where its name says nothing else.
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
            _sizes.Add(name, known = Said(name) ?? open);
        return known;
    }

    private static int? Said(string name) =>
        name.Contains("batch", StringComparison.OrdinalIgnoreCase) ? 1
        : name.StartsWith("seq", StringComparison.OrdinalIgnoreCase) ? Positions
        : null;

    // The lowest ids are often special tokens, which some models treat apart.
    private long Token(long ids) => _random.NextInt64(Math.Min(Special, ids - 1), ids);

    private long IdsOf(Value input) =>
        input.Name == ModelInputs.TokenInput
            ? limits.Vocabulary ?? UnknownVocabulary
            : limits.Ids.GetValueOrDefault(input.Name, limits.Vocabulary ?? UnknownVocabulary);

    // Box and Muller, "A note on the generation of random normal deviates", 1958.
    private float Normal() =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
}
