using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Finds the stacks of layers in a graph. Streams of which each goes on from the end of the one before are one stack
/// (the stages of a hierarchical encoder); streams beside each other are stacks of their own (two towers, an encoder
/// and its decoder).
/// </summary>
internal sealed class StackFinder
{
    // More axes than [batch, position, width].
    private const int TooManyAxes = 4;

    private readonly TypeInference _types;
    private readonly LinearLayers _layers;
    private readonly LayerBoundaries _boundaries;
    private readonly ImmutableArray<ResidualStream> _streams;
    private readonly ImmutableArray<ImmutableArray<int>> _chains;
    private readonly StreamSources _sources;
    private readonly ModuleTree _modules;
    private readonly int _dropped;
    private readonly OutsideLayers _outside;

    private StackFinder(Graph graph, LinearLayers layers, TypeInference types, ModuleTree modules)
    {
        _types = types;
        _layers = layers;
        _modules = modules;
        _boundaries = new LayerBoundaries(layers, modules);
        ImmutableArray<AttentionCore> cores = [.. AttentionCore.All(graph)];
        var all = ResidualStream.All(graph, layers, new StreamTracer(graph, cores, layers)).ToList();
        _outside = new OutsideLayers(all, cores, layers);

        // A stream without attention is the model's own only where none attends.
        _streams = [.. all.OrderBy(stream => !stream.HasAttention).Take(StreamSources.MostStreams)];
        _dropped = all.Count - _streams.Length;
        _sources = new StreamSources(graph, _streams);
        _chains = Chains();
    }

    public static StackFindings Run(Graph graph, LinearLayers layers, TypeInference types, ModuleTree modules) =>
        new StackFinder(graph, layers, types, modules).Findings();

    private bool HasAttention => _streams.Length > 0 && _streams[0].HasAttention;

    private StackFindings Findings()
    {
        var (stacks, undivided) = (new List<(Stack Stack, ImmutableArray<int> Chain)>(), new List<UndividedStream>());
        foreach (var chain in _chains)
        {
            if (Aside(chain) is { } reason)
                undivided.Add(new UndividedStream(PartsOf(chain), reason));
            else
                Divide(chain, stacks, undivided);
        }

        if (_dropped > 0)
            undivided.Add(new UndividedStream([], $"{_dropped} more residual streams are in the graph"));
        // Where nothing says which is the model's own, one that is alone is.
        var main =
            MainChain() is { } own ? stacks.Find(item => item.Chain == own).Stack
            : stacks.Count == 1 ? stacks[0].Stack
            : null;
        var named = StackNames.Of([.. stacks], main, _sources, _modules);
        return new StackFindings(
            named,
            main is null ? null : named[stacks.FindIndex(item => item.Stack == main)],
            [.. undivided]
        )
        {
            Outside = [.. _outside.Of(named)],
        };
    }

    private void Divide(
        ImmutableArray<int> chain,
        List<(Stack Stack, ImmutableArray<int> Chain)> stacks,
        List<UndividedStream> undivided
    )
    {
        var parts = PartsOf(chain);
        if (_boundaries.Of(parts) is { } layers)
        {
            stacks.Add((new Stack(layers) { Input = InputOf(chain) }, chain));
        }
        else if (parts[0].Kind == SubLayerKind.Convolution && _boundaries.Of(parts[1..]) is { } others)
        {
            // Positions as a convolution (wav2vec 2.0).
            stacks.Add((new Stack(others) { Input = InputOf(chain) }, chain));
            undivided.Add(new UndividedStream([parts[0]], "it is a convolution before the first layer"));
        }
        else if (chain.Length == 1)
        {
            undivided.Add(new UndividedStream(parts, LayerBoundaries.Reason(parts)));
        }
        else
        {
            // Each by itself may have layers of its own kind.
            foreach (var stream in chain)
                Divide([stream], stacks, undivided);
        }
    }

    private Value? InputOf(ImmutableArray<int> chain) =>
        _sources
            .InputsOfStart(chain[0])
            .Select(input => _sources.Inputs[input])
            .FirstOrDefault(input => _types.RankOf(input) > 1);

    // Why a chain is not looked at; null where it is.
    private string? Aside(ImmutableArray<int> chain)
    {
        if (
            chain.Select(stream => _types.RankOf(_streams[stream].Start)).FirstOrDefault(rank => rank >= TooManyAxes) is
            { } axes
        )
            return $"its tensors have {axes} axes, and components have [batch, position, width]";
        if (!chain.Any(stream => _streams[stream].Parts.Any(ReadsLastAxis)))
            return "nothing that is added is computed from its last axis, and components have [batch, position, width]";
        if (!HasAttention || _streams[chain[0]].HasAttention)
            return null;
        var isRead = _chains.Any(other =>
            other != chain && other.Any(stream => _sources.ReadBy(stream).Any(chain.Contains))
        );
        return chain.Any(stream => _sources.ReadBy(stream).Any(other => !chain.Contains(other)))
                ? "it does not attend, and is computed from layers that do"
            : isRead ? "it does not attend, and layers that do are computed from it"
            : null;
    }

    private bool ReadsLastAxis(SubLayer part) =>
        part.Core is { } core && FusedOperators.IsPackedAttention(core.Node)
            ? Rearrangement.Of(core.Query, part) is null
            : _layers.Among(part.Nodes).Exists(layer => Rearrangement.Of(layer.Input, part) is null);

    private ImmutableArray<SubLayer> PartsOf(ImmutableArray<int> chain) =>
        [.. chain.SelectMany(stream => _streams[stream].Parts)];

    // Streams with one way on are joined to it.
    private ImmutableArray<ImmutableArray<int>> Chains()
    {
        var before = Enumerable.Range(0, _streams.Length).Select(Before).ToList();
        var after = before
            .Select((from, stream) => (From: from, Stream: stream))
            .Where(link => link.From is not null)
            .GroupBy(link => link.From!.Value)
            .Where(links => links.Count() == 1)
            .ToDictionary(links => links.Key, links => links.First().Stream);
        var joined = after.Values.ToHashSet();
        return
        [
            .. Enumerable
                .Range(0, _streams.Length)
                .Where(stream => !joined.Contains(stream))
                .Select(stream => Following(stream, after).ToImmutableArray()),
        ];
    }

    private static IEnumerable<int> Following(int first, Dictionary<int, int> after)
    {
        yield return first;
        for (var at = first; after.TryGetValue(at, out var next); at = next)
            yield return next;
    }

    // The stream whose end the start of this one is computed from, and from nothing besides that the other does not
    // read too.
    private int? Before(int stream)
    {
        var sources = _sources.BeforeStart(stream).ToList();
        var ends = sources.Where(other => _sources.StartsAtEnd(stream, other)).ToList();
        if (ends.Count == 0)
            return null;

        // A stage may look further back, as in a U.
        var last = ends[^1];
        var known = new HashSet<int>(Behind(last)) { last };
        var isSole =
            sources.TrueForAll(known.Contains)
            && _sources.InputsOfStart(stream).All(known.SelectMany(_sources.InputsOf).ToHashSet().Contains)
            && _streams[stream].HasAttention == _streams[last].HasAttention;
        return isSole ? last : null;
    }

    private HashSet<int> Behind(int stream)
    {
        var (found, open) = (new HashSet<int>(), new Stack<int>([stream]));
        while (open.TryPop(out var at))
        {
            foreach (var other in _sources.ReadBy(at).Where(found.Add))
                open.Push(other);
        }

        return found;
    }

    // The chain that all others that attend are computed for: the decoder of a pair, the text model that looks at
    // images.
    private ImmutableArray<int>? MainChain()
    {
        var own = _chains.Where(chain => _streams[chain[0]].HasAttention == HasAttention).ToList();
        var last = own.Where(chain =>
            {
                var behind = chain.SelectMany(Behind).ToHashSet();
                return own.TrueForAll(other => other == chain || other.Any(behind.Contains));
            })
            .ToList();

        // Two that look at each other are both, and neither.
        return last.Count == 1 ? last[0] : null;
    }
}
