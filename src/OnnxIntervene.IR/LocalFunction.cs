using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>A function that a model defines and its nodes call like an operator.</summary>
public sealed class LocalFunction
{
    internal LocalFunction(OperatorKey key, Graph body)
    {
        Key = key;
        Body = body;
    }

    /// <summary>The operator that calls this function.</summary>
    public OperatorKey Key { get; }

    /// <summary>Which of several functions of one name this is (IR 10); usually empty.</summary>
    public string Overload { get; internal init; } = "";

    /// <summary>Inputs, nodes and outputs.</summary>
    public Graph Body { get; }

    /// <summary>Names of attributes that a call must set.</summary>
    public ImmutableArray<string> RequiredAttributes { get; internal init; } = [];

    /// <summary>Attributes that a call may leave out, with their defaults.</summary>
    public ImmutableArray<NodeAttribute> DefaultAttributes { get; internal init; } = [];

    /// <summary>The operator set version of each domain inside the function.</summary>
    public ImmutableSortedDictionary<string, long> OperatorSets { get; internal init; } =
        ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>Metadata that exporters write (<c>metadata_props</c>).</summary>
    public ImmutableArray<KeyValuePair<string, string>> Metadata { get; internal init; } = [];

    /// <summary>Fields of the file's function that this library does not model.</summary>
    internal ReadOnlyMemory<byte> Unknown { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"function {Key}";
}
