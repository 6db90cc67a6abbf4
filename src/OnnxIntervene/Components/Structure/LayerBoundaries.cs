using System.Collections.Immutable;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Divides the sub-layers of a stream into layers: so that all layers have the same sub-layers in the same order.
/// </summary>
/// <param name="layers">The linear layers of the graph.</param>
/// <param name="modules">The modules of the graph.</param>
internal sealed class LayerBoundaries(LinearLayers layers, ModuleTree modules)
{
    private const char Mixing = 'a';
    private const char FeedForward = 'f';
    private const char Convolution = 'v';
    private const char Cross = 'c';

    // Which sub-layers count as equal, the likeliest reading first. A mixer stands where other layers attend (Jamba).
    // Looking at another stream is what some layers do besides (BLIP-2), or in place of attending to themselves
    // (Llama 3.2 Vision); so is a convolution (LFM2).
    private static readonly ImmutableArray<Func<SubLayerKind, char?>> s_readings =
    [
        kind => Letter(kind, null, Convolution),
        kind => Letter(kind, Mixing, Convolution),
        kind => Letter(kind, Mixing, Mixing),
    ];

    /// <summary>The sub-layers of each layer; null where no boundaries make the layers equal.</summary>
    public ImmutableArray<ImmutableArray<SubLayer>>? Of(ImmutableArray<SubLayer> parts)
    {
        foreach (var reading in s_readings)
        {
            if (Divided(parts, reading, HasFeedForward(parts)) is { } divided)
                return divided;
        }

        return Divided(parts, kind => Letter(kind, Cross, Convolution), _ => true) ?? ByModules(parts);
    }

    /// <summary>Why there are no layers.</summary>
    public static string Reason(ImmutableArray<SubLayer> parts)
    {
        var kinds = string.Join(", ", Repeated(parts.Select(part => NameOf(part.Kind))));
        return $"its {parts.Length} sub-layers ({kinds}) cannot be divided into layers that have the same sub-layers "
            + "in the same order";
    }

    /// <summary>A kind of sub-layer in words.</summary>
    public static string NameOf(SubLayerKind kind) =>
        kind switch
        {
            SubLayerKind.Attention => "attention",
            SubLayerKind.CrossAttention => "cross-attention",
            SubLayerKind.FeedForward => "feed-forward",
            SubLayerKind.Mixer => "mixer",
            SubLayerKind.Convolution => "convolution",
            SubLayerKind.Recurrence => "recurrence",
            SubLayerKind.Pooling => "pooling",
            _ => throw new System.Diagnostics.UnreachableException(kind.ToString()),
        };

    private static char? Letter(SubLayerKind kind, char? cross, char convolution) =>
        kind switch
        {
            SubLayerKind.FeedForward => FeedForward,
            SubLayerKind.CrossAttention => cross,
            SubLayerKind.Convolution => convolution,
            _ => Mixing,
        };

    // Sub-layers without a letter belong to the layer that they are in the middle of.
    private ImmutableArray<ImmutableArray<SubLayer>>? Divided(
        ImmutableArray<SubLayer> parts,
        Func<SubLayerKind, char?> reading,
        Func<string[], bool> showsItsEnd
    )
    {
        var lettered = Enumerable
            .Range(0, parts.Length)
            .Where(index => reading(parts[index].Kind) is not null)
            .ToList();
        if (lettered.Count == 0)
            return null;
        string[] words = [.. lettered.Select(index => $"{reading(parts[index].Kind)}")];
        var length = Period(words);
        if (length == 1 && words[0][0] == FeedForward)
            length = Period([.. lettered.Select(index => Widths(parts[index]))]);
        var layer = words[..length];
        // A layer that is not seen again attends to itself once at most.
        if (!showsItsEnd(layer) || (length == words.Length && layer.Count(word => word[0] == Mixing) > 1))
            return null;
        var starts = lettered.Where((_, number) => number % length == 0).ToList();
        var ends = lettered.Where((_, number) => number % length == length - 1).ToList();
        var isWhole =
            starts[0] == 0
            && ends[^1] == parts.Length - 1
            && starts.Skip(1).Zip(ends, (start, end) => start == end + 1).All(isNext => isNext);
        return isWhole ? Cut(parts, starts) : null;
    }

    // Where something else may stand for attention, a feed-forward must show where layers end.
    private static Func<string[], bool> HasFeedForward(ImmutableArray<SubLayer> parts)
    {
        var isPlain = parts.All(part => IsOwn(part.Kind));
        return layer => isPlain || layer.Any(word => word[0] == FeedForward);
    }

    private static bool IsOwn(SubLayerKind kind) =>
        kind is SubLayerKind.Attention or SubLayerKind.FeedForward or SubLayerKind.Mixer;

    // The shortest sequence that the words repeat from beginning to end. O(n × divisors of n).
    private static int Period(string[] words) =>
        Enumerable
            .Range(1, words.Length)
            .First(length =>
                words.Length % length == 0 && words.AsSpan(length).SequenceEqual(words.AsSpan(0, words.Length - length))
            );

    // Layers without attention differ from each other by their matrices alone (MLP-Mixer, RWKV).
    private string Widths(SubLayer part) =>
        string.Join(' ', layers.Among(part.Nodes).Select(layer => $"{layer.InputWidth}x{layer.OutputWidth}"));

    private static ImmutableArray<ImmutableArray<SubLayer>>? Cut(ImmutableArray<SubLayer> parts, List<int> starts)
    {
        // What is added at once is not two layers.
        if (starts.Skip(1).Any(start => parts[start].Addition == parts[start - 1].Addition))
            return null;
        return Alike([
            .. starts.Select(
                (start, layer) => parts[start..(layer + 1 < starts.Count ? starts[layer + 1] : parts.Length)]
            ),
        ]);
    }

    // After the last addition the graph does not show whether a norm is the layer's own or the model's last one; the
    // other layers do.
    private static ImmutableArray<ImmutableArray<SubLayer>> Alike(ImmutableArray<ImmutableArray<SubLayer>> divided)
    {
        var known = divided
            .Select(layer => layer[^1])
            .Where(part => !part.IsLast)
            .Select(part => part.IsPostNorm)
            .ToList();
        return known.Count == 0 || known.Distinct().Count() > 1
            ? divided
            :
            [
                .. divided.Select(layer =>
                    layer.Select(part => part.IsLast ? part.As(known[0]) : part).ToImmutableArray()
                ),
            ];
    }

    // Where no reading makes layers equal, names of modules may still say which layer adds to the stream.
    private ImmutableArray<ImmutableArray<SubLayer>>? ByModules(ImmutableArray<SubLayer> parts)
    {
        var numbered = parts
            .Select(part => NumberedModule(part.Addition is { } sum ? modules.PathOf(sum) : ""))
            .ToList();
        var starts = Enumerable
            .Range(0, parts.Length)
            .Where(index => index == 0 || numbered[index] != numbered[index - 1])
            .ToList();
        var isNumbered = numbered.TrueForAll(path => path.Length > 0) && numbered.Distinct().Count() == starts.Count;
        return
            isNumbered
            && Cut(parts, starts) is { } divided
            && divided.All(layer => layer.Count(part => part.Kind == SubLayerKind.Attention) <= 1)
            ? divided
            : null;
    }

    // model.layers.3.mlp is in model.layers.3.
    private static string NumberedModule(string path)
    {
        var names = path.Split('.');
        var last = Array.FindLastIndex(names, name => name.Length > 0 && name.All(char.IsAsciiDigit));
        return last < 0 ? "" : string.Join('.', names[..(last + 1)]);
    }

    private static List<string> Repeated(IEnumerable<string> words)
    {
        const int Most = 12;
        var all = words.ToList();
        return all.Count <= Most ? all : [.. all.Take(Most), "…"];
    }
}
