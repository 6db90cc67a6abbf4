using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace OnnxIntervene.IR;

/// <summary>A constant setting of a node. Immutable, except for the graphs that some hold.</summary>
public sealed class NodeAttribute
{
    private readonly object? _content;

    private NodeAttribute(string name, AttributeKind kind, object? content)
    {
        Name = name;
        Kind = kind;
        _content = content;
    }

    /// <summary>The attribute's name.</summary>
    public string Name { get; }

    /// <summary>The type of its value.</summary>
    public AttributeKind Kind { get; }

    /// <summary>In a local function: the function's attribute that supplies the contents; empty elsewhere.</summary>
    public string ReferenceName { get; private init; } = "";

    /// <summary>The number of an <see cref="AttributeKind.Float"/>.</summary>
    public float Float => Content<float>();

    /// <summary>The number of an <see cref="AttributeKind.Integer"/>.</summary>
    public long Integer => Content<long>();

    /// <summary>The text of an <see cref="AttributeKind.Text"/>, decoded from UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Content<ReadOnlyMemory<byte>>().Span);

    /// <summary>The bytes of an <see cref="AttributeKind.Text"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => Content<ReadOnlyMemory<byte>>();

    /// <summary>The tensor of an <see cref="AttributeKind.Tensor"/>.</summary>
    public TensorData Tensor => Content<TensorData>();

    /// <summary>The graph of an <see cref="AttributeKind.Graph"/>: a branch or a loop's body.</summary>
    public Graph Graph => Content<Graph>();

    /// <summary>The numbers of an <see cref="AttributeKind.Floats"/>.</summary>
    public ImmutableArray<float> Floats => Content<ImmutableArray<float>>();

    /// <summary>The numbers of an <see cref="AttributeKind.Integers"/>.</summary>
    public ImmutableArray<long> Integers => Content<ImmutableArray<long>>();

    /// <summary>The bytes of each text of an <see cref="AttributeKind.Texts"/>.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Texts => Content<ImmutableArray<ReadOnlyMemory<byte>>>();

    /// <summary>The tensors of an <see cref="AttributeKind.Tensors"/>.</summary>
    public ImmutableArray<TensorData> Tensors => Content<ImmutableArray<TensorData>>();

    /// <summary>The graphs of an <see cref="AttributeKind.Graphs"/>.</summary>
    public ImmutableArray<Graph> Graphs => Content<ImmutableArray<Graph>>();

    /// <summary>
    /// The sparse tensors of an <see cref="AttributeKind.SparseTensors"/>, or the one of an
    /// <see cref="AttributeKind.SparseTensor"/>.
    /// </summary>
    public ImmutableArray<SparseTensorData> SparseTensors => Content<ImmutableArray<SparseTensorData>>();

    /// <summary>Every graph that the attribute holds, whatever its kind.</summary>
    public ImmutableArray<Graph> Subgraphs =>
        _content switch
        {
            Graph graph => [graph],
            ImmutableArray<Graph> graphs => graphs,
            _ => [],
        };

    /// <summary>
    /// Types, as the file writes them, of a <see cref="AttributeKind.Type"/> or <see cref="AttributeKind.Types"/>.
    /// </summary>
    internal ImmutableArray<ReadOnlyMemory<byte>> Types => Content<ImmutableArray<ReadOnlyMemory<byte>>>();

    /// <summary>Fields of the file's attribute that this library does not model.</summary>
    internal ReadOnlyMemory<byte> Unknown { get; init; }

    /// <summary>An attribute of one number.</summary>
    public static NodeAttribute Of(string name, float content) => new(name, AttributeKind.Float, content);

    /// <summary>An attribute of one integer.</summary>
    public static NodeAttribute Of(string name, long content) => new(name, AttributeKind.Integer, content);

    /// <summary>An attribute of one text.</summary>
    public static NodeAttribute Of(string name, string content) =>
        new(name, AttributeKind.Text, (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(content));

    /// <summary>An attribute of several integers.</summary>
    public static NodeAttribute Of(string name, ImmutableArray<long> content) =>
        new(name, AttributeKind.Integers, content);

    /// <summary>An attribute of several numbers.</summary>
    public static NodeAttribute Of(string name, ImmutableArray<float> content) =>
        new(name, AttributeKind.Floats, content);

    /// <summary>An attribute of a tensor.</summary>
    public static NodeAttribute Of(string name, TensorData content) => new(name, AttributeKind.Tensor, content);

    /// <summary>An attribute of a graph.</summary>
    public static NodeAttribute Of(string name, Graph content) => new(name, AttributeKind.Graph, content);

    /// <inheritdoc/>
    public override string ToString() => $"{Name} = {Describe()}";

    internal static NodeAttribute Create(
        string name,
        AttributeKind kind,
        object? content,
        string reference,
        ReadOnlyMemory<byte> unknown
    ) => new(name, kind, content) { ReferenceName = reference, Unknown = unknown };

    /// <summary>
    /// The same attribute with every graph replaced by what <paramref name="change"/> returns for it.
    /// </summary>
    internal NodeAttribute WithGraphs(Func<Graph, Graph> change) =>
        _content switch
        {
            Graph graph => Create(Name, Kind, change(graph), ReferenceName, Unknown),
            ImmutableArray<Graph> graphs => Create(
                Name,
                Kind,
                graphs.Select(change).ToImmutableArray(),
                ReferenceName,
                Unknown
            ),
            _ => this,
        };

    /// <summary>The same contents under another name.</summary>
    internal NodeAttribute Renamed(string name) => Create(name, Kind, _content, ReferenceName, Unknown);

    private T Content<T>() =>
        _content is T content
            ? content
            : throw new InvalidOperationException($"The attribute '{Name}' is {Kind}, not {typeof(T).Name}.");

    private string Describe() =>
        _content switch
        {
            null => ReferenceName.Length > 0 ? $"@{ReferenceName}" : "nothing",
            float number => number.ToString("R", CultureInfo.InvariantCulture),
            long number => number.ToString(CultureInfo.InvariantCulture),
            ReadOnlyMemory<byte> => $"\"{Text}\"",
            ImmutableArray<float> numbers =>
                $"[{string.Join(", ", numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture)))}]",
            ImmutableArray<long> numbers => $"[{string.Join(", ", numbers)}]",
            ImmutableArray<ReadOnlyMemory<byte>> texts when Kind == AttributeKind.Texts =>
                $"[{string.Join(", ", texts.Select(text => $"\"{Encoding.UTF8.GetString(text.Span)}\""))}]",
            ImmutableArray<TensorData> tensors => $"[{string.Join(", ", tensors)}]",
            ImmutableArray<SparseTensorData> tensors => $"[{string.Join(", ", tensors)}]",
            Graph graph => $"graph '{graph.Name}'",
            ImmutableArray<Graph> graphs => $"[{string.Join(", ", graphs.Select(graph => $"graph '{graph.Name}'"))}]",
            TensorData tensor => tensor.ToString(),
            _ => Kind.ToString(),
        };
}
