using System.Runtime.InteropServices;

namespace OnnxIntervene.IR;

/// <summary>
/// One tensor of a graph: an input, an initializer, or what a node computes. Two values are equal only when they are
/// the same object.
/// </summary>
public sealed class Value
{
    // Below so many reads, one is taken out of the list at once.
    private const int FewUses = 16;

    private readonly List<Use> _uses = [];

    // Reads that are over and still in the list: of a value that all nodes read, taking out each by itself would take
    // time with the square of the reads.
    private volatile HashSet<Use>? _over;
    private Node? _producer;

    internal Value(string name, TensorType? type = null)
    {
        Name = name;
        Type = type;
    }

    /// <summary>The name in the file. Names matter only there: nodes refer to the object.</summary>
    public string Name { get; internal set; }

    /// <summary>Element type and shape, when the file states them.</summary>
    public TensorType? Type { get; set; }

    /// <summary>The node that computes this value; null for inputs and initializers.</summary>
    public Node? Producer
    {
        get
        {
            Steps.Take();
            return _producer;
        }
        internal set => _producer = value;
    }

    /// <summary>Which of its producer's outputs it is.</summary>
    internal int OutputIndex { get; set; }

    /// <summary>
    /// The constant of this name, if any. A caller may leave out a graph input that has one (IR 4 and later).
    /// </summary>
    public TensorData? Initializer { get; internal set; }

    /// <summary>The sparse constant of this name, if any.</summary>
    public SparseTensorData? SparseInitializer { get; internal set; }

    /// <summary>
    /// Every read by a node, in subgraphs too. Graph outputs are not in the list: see <see cref="Graph.Outputs"/>.
    /// </summary>
    public IReadOnlyList<Use> Uses
    {
        get
        {
            Steps.Take();
            Forget();
            return _uses;
        }
    }

    /// <summary>Whether the file has a value info for this value.</summary>
    internal bool HasInfo { get; set; }

    /// <summary>A type that is not a tensor (sequence, map, optional, sparse), as the file writes it.</summary>
    internal ReadOnlyMemory<byte> OpaqueType { get; set; }

    /// <summary>Whether it is a tensor, as far as the file says; else a sequence, a map or another type.</summary>
    public bool IsTensor => OpaqueType.IsEmpty;

    /// <summary>Fields of the file's value info that this library does not model.</summary>
    internal ReadOnlyMemory<byte> Unknown { get; set; }

    /// <summary>Whether the file holds this value's contents.</summary>
    public bool IsConstant => Initializer is not null || SparseInitializer is not null;

    /// <summary>
    /// Makes every node that reads this value read <paramref name="replacement"/>, except <paramref name="except"/> and
    /// what is in its subgraphs. Graph outputs stay as they are; <see cref="Graph.Redirect"/> moves these too. O(number
    /// of reads).
    /// </summary>
    public void ReplaceUses(Value replacement, params ReadOnlySpan<Node> except)
    {
        ArgumentNullException.ThrowIfNull(replacement);
        if (except.Length == 0)
            ReplaceUses(replacement, (IReadOnlySet<Node>?)null);
        else
            ReplaceUses(replacement, except.ToArray().ToHashSet());
    }

    /// <summary>
    /// Makes every node that reads this value read <paramref name="replacement"/>, but for some. O(number of reads).
    /// </summary>
    internal void ReplaceUses(Value replacement, IReadOnlySet<Node>? except)
    {
        foreach (var use in Uses.ToArray())
        {
            if (except?.Contains(use.Node) is not true)
                use.Node.SetInput(use.InputIndex, replacement);
        }
    }

    /// <summary>Makes room for so many reads.</summary>
    internal void ExpectUses(int count) => _uses.EnsureCapacity(count);

    internal void AddUse(Use use)
    {
        if (_over?.Contains(use) is true)
            Forget();
        _uses.Add(use);
    }

    internal void RemoveUse(Use use)
    {
        if (_over is not null || _uses.Count > FewUses)
        {
            (_over ??= []).Add(use);
            return;
        }

        // The last read is the likeliest to be removed.
        var index = CollectionsMarshal.AsSpan(_uses).LastIndexOf(use);
        if (index >= 0)
            _uses.RemoveAt(index);
    }

    private void Forget()
    {
        if (_over is null)
            return;
        // Several threads may read one model.
        lock (_uses)
        {
            if (_over is { } over)
                _uses.RemoveAll(over.Contains);
            _over = null;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Type is null ? $"'{Name}'" : $"'{Name}' {Type}";
}
