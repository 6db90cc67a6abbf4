using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>Which streams, and which inputs of the graph, each stream is computed from. O(nodes).</summary>
internal sealed class StreamSources
{
    /// <summary>The most streams that are told apart.</summary>
    public const int MostStreams = 48;

    private const int Bits = 128;

    // For each stream a bit for the stream anywhere and one for its end; the other bits are inputs, the last of them
    // all that are left.
    private readonly Dictionary<Value, UInt128> _sources = [];
    private readonly Dictionary<Value, UInt128> _marks = [];
    private readonly ImmutableArray<ResidualStream> _streams;
    private readonly UInt128[] _starts;
    private readonly UInt128[] _reads;
    private readonly int _inputBits;

    public StreamSources(Graph graph, ImmutableArray<ResidualStream> streams)
    {
        _streams = streams;
        _starts = new UInt128[streams.Length];
        _reads = new UInt128[streams.Length];
        _inputBits = Bits - (2 * streams.Length);
        Inputs = [.. graph.Inputs.Where(input => !input.IsConstant)];
        for (var index = 0; index < streams.Length; index++)
        {
            foreach (var value in streams[index].Values)
                _marks[value] = AnyOf(index);
            foreach (var value in streams[index].Ends)
                _marks[value] = AnyOf(index) | EndOf(index);
        }

        for (var index = 0; index < Inputs.Length; index++)
            Add(Inputs[index], InputBit(index));
        foreach (var node in graph.Nodes)
        {
            UInt128 all = 0;
            foreach (var input in Dataflow.DataInputs(node).Concat(Chosen(node)))
                all |= _sources.GetValueOrDefault(input);
            foreach (var output in node.Outputs.OfType<Value>())
                Add(output, all);
        }
    }

    /// <summary>The inputs of the graph.</summary>
    public ImmutableArray<Value> Inputs { get; }

    /// <summary>The streams that the start of a stream is computed from.</summary>
    public IEnumerable<int> BeforeStart(int stream) => Streams(_starts[stream]);

    /// <summary>The streams that a stream reads anywhere, itself left out.</summary>
    public IEnumerable<int> ReadBy(int stream) =>
        Streams(_starts[stream] | _reads[stream]).Where(other => other != stream);

    /// <summary>Whether the start of a stream is computed from the end of another.</summary>
    public bool StartsAtEnd(int stream, int other) => (_starts[stream] & EndOf(other)) != 0;

    /// <summary>
    /// The numbers of the inputs that the start of a stream is computed from, other streams left aside.
    /// </summary>
    public IEnumerable<int> InputsOfStart(int stream) => InputsIn(_starts[stream]);

    /// <summary>The numbers of the inputs that a stream is computed from, other streams left aside.</summary>
    public IEnumerable<int> InputsOf(int stream) => InputsIn(_starts[stream] | _reads[stream]);

    // Token ids choose rows of a matrix.
    private static IEnumerable<Value> Chosen(Node node) =>
        node.Operator.OperatorType == "Gather" && node.InputOrNull(1) is { } indices ? [indices] : [];

    private static UInt128 AnyOf(int stream) => UInt128.One << (2 * stream);

    private static UInt128 EndOf(int stream) => UInt128.One << ((2 * stream) + 1);

    private UInt128 InputBit(int index) => UInt128.One << (Bits - 1 - Math.Min(index, _inputBits - 1));

    private IEnumerable<int> Streams(UInt128 sources) =>
        Enumerable.Range(0, _streams.Length).Where(stream => (sources & AnyOf(stream)) != 0);

    private IEnumerable<int> InputsIn(UInt128 sources) =>
        Enumerable.Range(0, Inputs.Length).Where(index => (sources & InputBit(index)) != 0);

    // What is behind a stream is the stream's, not that of what reads it.
    private void Add(Value value, UInt128 sources)
    {
        if (_marks.TryGetValue(value, out var mark))
        {
            foreach (var stream in Streams(mark))
            {
                _reads[stream] |= sources;
                if (value == Dataflow.FlatRoot(_streams[stream].Start))
                    _starts[stream] |= sources;
            }

            sources = mark;
        }

        if (sources != 0)
            _sources[value] = sources;
    }
}
