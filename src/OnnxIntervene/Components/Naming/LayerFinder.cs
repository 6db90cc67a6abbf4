using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Structure;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Naming;

/// <summary>
/// Finds the components of one layer by the family's module names, and checks each against the weights around it.
/// </summary>
internal sealed class LayerFinder(ModuleTree modules, TypeInference types, ArchitecturePattern pattern, string layer)
{
    private readonly string? _attention = pattern
        .Attention.Select(name => $"{layer}.{name}")
        .FirstOrDefault(path => modules.NodesOf(path).Count > 0);

    /// <summary>Whether there is an attention or a feed-forward in the layer at all.</summary>
    public bool IsLayer => _attention is not null || modules.NodesOf($"{layer}.{pattern.DownProjection}").Count > 0;

    /// <summary>A module that layers of this family do not have; null when there is none.</summary>
    public string? ForeignModule =>
        pattern.ForeignModules.FirstOrDefault(name => modules.NodesOf($"{layer}.{name}").Count > 0);

    /// <summary>The residual stream that the layer reads: the input of its first norm.</summary>
    public Found BlockInput() => NormInput($"{layer}.{pattern.AttentionNorm}");

    /// <summary>
    /// What a module called a norm reads; the sum inside when the norm is fused with the residual addition.
    /// </summary>
    public Found NormInput(string path)
    {
        var nodes = modules.NodesOf(path);
        if (nodes.FirstOrDefault(FusedOperators.IsSkipNormalization) is { } skip)
            return Found.At(new ResidualSumSource(skip), FusedOperators.NormWidth(skip));
        return modules.InputOf(path) is { } input
            ? Found.At(new TensorSource(input), NormWidth(nodes))
            : Found.Nothing($"no node of the norm '{path}'");
    }

    public Found AttentionInput() => NormOutput(pattern.AttentionNorm);

    public Found MlpInput() => NormOutput(pattern.MlpNorm);

    public Found MlpActivation()
    {
        var found = ModuleOutput(pattern.Activation);
        return found with
        {
            Width = MatrixWidths.Of(modules, $"{layer}.{pattern.DownProjection}", types)?.InputWidth ?? 0,
        };
    }

    public Found MlpOutput() => ProjectionOutput($"{layer}.{pattern.DownProjection}");

    public Found AttentionOutput() => ProjectionOutput($"{_attention}.{pattern.OutputProjection}");

    public Found AttentionValueOutput()
    {
        var path = $"{_attention}.{pattern.OutputProjection}";
        return MatrixWidths.Of(modules, path, types) is { } projection && modules.InputOf(path) is { } input
            ? AttentionFinder.MixedValues(input, projection.InputWidth)
            : Found.Nothing($"no product in the projection '{path}'");
    }

    public Found AttentionWeight() =>
        _attention is null
            ? Found.Nothing($"no attention module below '{layer}'")
            : AttentionFinder.Weight(modules.NodesOf(_attention));

    /// <summary>The query (0), key (1) or value (2) projection, alone or as its part of a packed one.</summary>
    public Found Projected(int part)
    {
        var name = part switch
        {
            0 => pattern.Query,
            1 => pattern.Key,
            _ => pattern.Value,
        };
        if (name is not null && modules.NodesOf($"{_attention}.{name}").Count > 0)
            return ProjectionOutput($"{_attention}.{name}");
        var packed = $"{_attention}.{pattern.PackedProjection}";
        var width = MatrixWidths.Of(modules, packed, types)?.OutputWidth ?? 0;
        if (
            modules.NodesOf(packed).FirstOrDefault(IsSplitIntoThree) is { } inside
            && inside.OutputOrNull(part) is { } piece
        )
            return Found.At(new TensorSource(piece), SplitWidth(inside, part, width));
        return modules.OutputOf(packed) is { } output
            ? pattern.PacksByHead
                ? PackedByHead(output, part, width)
                : PackedPart(output, part, width)
            : Found.Nothing($"neither '{_attention}.{name ?? "…"}' nor '{packed}' has nodes");
    }

    /// <summary>
    /// The number of heads of <c>query</c> (0), <c>key</c> (1) or <c>value</c> (2); 0 when the graph does
    /// not say.
    /// </summary>
    public int Heads(int part, Found projection)
    {
        if (_attention is null)
            return 0;
        if (modules.NodesOf(_attention).FirstOrDefault(FusedOperators.IsGroupQueryAttention) is { } fused)
            return FusedOperators.Heads(fused, part);
        if (projection.Source is InterleavedSource { Heads: var heads })
            return heads;
        return projection.Source is TensorSource { Value: var value }
            ? AttentionFinder.SplitHeads(value, projection.Width)
            : 0;
    }

    private static Found PackedByHead(Value packed, int part, int packedWidth)
    {
        var heads = AttentionFinder.SplitHeads(packed, packedWidth);
        if (heads == 0 || packedWidth % (heads * InterleavedSource.Parts) != 0)
            return Found.Nothing($"no reshape into heads follows '{packed.Name}'");
        var headWidth = packedWidth / heads / InterleavedSource.Parts;
        return Found.At(new InterleavedSource(packed, heads, headWidth, part), heads * headWidth);
    }

    private static Found PackedPart(Value packed, int part, int packedWidth)
    {
        var readers = packed.Uses.Select(use => use.Node).ToList();
        if (readers.Find(FusedOperators.IsGroupQueryAttention) is { } fused)
        {
            var (start, end) = FusedOperators.PackedRange(fused, part, packedWidth);
            return Found.At(new SliceSource(packed, start, end), end - start);
        }

        return readers.Find(IsSplitIntoThree) is { } split && split.OutputOrNull(part) is { } output
            ? Found.At(new TensorSource(output), SplitWidth(split, part, packedWidth))
            : Found.Nothing($"'{packed.Name}' holds queries, keys and values, but nothing splits it into three");
    }

    private static bool IsSplitIntoThree(Node node) => node.Operator.OperatorType == "Split" && node.Outputs.Count == 3;

    private static int SplitWidth(Node split, int part, int packedWidth)
    {
        var sizes = split.InputOrNull(1) is { } given
            ? GraphConstants.Integers(given)
            : split.FindAttribute("split")?.Integers.Select(size => (long?)size).ToImmutableArray();
        return sizes is { Length: 3 } && sizes.Value[part] is { } size ? (int)size : packedWidth / 3;
    }

    private Found NormOutput(string norm)
    {
        var path = $"{layer}.{norm}";
        var nodes = modules.NodesOf(path);
        if (nodes.FirstOrDefault(FusedOperators.IsSkipNormalization) is { } skip)
            return Found.At(new TensorSource(skip.Output), FusedOperators.NormWidth(skip));
        return modules.OutputOf(path) is { } output
            ? Found.At(new TensorSource(output), NormWidth(nodes))
            : Found.Nothing($"no node of the norm '{path}'");
    }

    private Found ProjectionOutput(string path) =>
        modules.OutputOf(path) is { } output
            ? Found.At(new TensorSource(output), MatrixWidths.Of(modules, path, types)?.OutputWidth ?? 0)
            : Found.Nothing($"no node of the projection '{path}'");

    private Found ModuleOutput(string name) =>
        modules.OutputOf($"{layer}.{name}") is { } output
            ? Found.At(new TensorSource(output), 0)
            : Found.Nothing($"no node of the module '{layer}.{name}'");

    // A norm's scale is as long as its input is wide.
    private static int NormWidth(IReadOnlyList<Node> nodes) =>
        (int)
            nodes
                .SelectMany(node => node.Inputs.OfType<Value>())
                .Select(value => GraphConstants.Dimensions(value))
                .Where(sizes => sizes is { Length: 1 } && sizes.Value[0] > 1)
                .Select(sizes => sizes!.Value[0])
                .DefaultIfEmpty(0)
                .Max();
}
