using System.Collections.Immutable;

namespace OnnxIntervene.IR;

/// <summary>
/// A model file in memory: the graph, the local functions, the operator sets and the metadata. Weights stay in their
/// files.
/// </summary>
public sealed class Model
{
    /// <summary>The newest IR version that ONNX Runtime 1.31 reads.</summary>
    public const int NewestIrVersion = 13;

    /// <summary>Creates a model around a graph.</summary>
    public Model(Graph graph, int irVersion, ImmutableSortedDictionary<string, long> operatorSets)
    {
        Graph = graph;
        IrVersion = irVersion;
        OperatorSets = operatorSets;
    }

    /// <summary>The main graph.</summary>
    public Graph Graph { get; }

    /// <summary>The version of the file format, 3 to 13.</summary>
    public int IrVersion { get; set; }

    /// <summary>The operator set version of each domain, with the empty text for the standard domain.</summary>
    public ImmutableSortedDictionary<string, long> OperatorSets { get; set; }

    /// <summary>The functions that the file defines.</summary>
    public ImmutableArray<LocalFunction> Functions { get; internal set; } = [];

    /// <summary>Metadata that exporters write (<c>metadata_props</c>), in the file's order.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Metadata { get; set; } = [];

    /// <summary>The program that wrote the file, and its version.</summary>
    public string Producer { get; internal init; } = "";

    /// <summary>The file that the model was read from, links resolved; null for a model made in memory.</summary>
    public string? FilePath { get; internal init; }

    /// <summary>
    /// Fields of the file that this library does not model, with those that it only copies (producer, domain,
    /// version, text).
    /// </summary>
    internal ReadOnlyMemory<byte> Unknown { get; init; }

    /// <summary>The version of the standard operators; 1 when the file imports none.</summary>
    public int OperatorSetVersion => (int)OperatorSets.GetValueOrDefault("", 1);

    /// <summary>
    /// Raises the IR version where it is lower. Before version 4 every constant is listed as an input and cannot be
    /// replaced by the caller; from version 4 on such an input could be replaced, so constants are removed from it.
    /// </summary>
    public void RaiseIrVersion(int version)
    {
        if (IrVersion < 4 && version >= 4)
        {
            Graph.RemoveInputs(Graph.Inputs.Where(input => input.IsConstant).ToHashSet());
        }

        IrVersion = Math.Max(IrVersion, version);
    }

    /// <inheritdoc/>
    public override string ToString() => $"model of IR {IrVersion}, opset {OperatorSetVersion}, {Graph}";
}
