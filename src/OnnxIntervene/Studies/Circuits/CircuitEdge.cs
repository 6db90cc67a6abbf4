using System.Globalization;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>What one node adds to the stream, as one input of another reads it.</summary>
/// <param name="From">The node that writes.</param>
/// <param name="To">The node that reads.</param>
/// <param name="Input">Which of a head's inputs reads; null where the reader is no head.</param>
public sealed record CircuitEdge(CircuitNode From, CircuitNode To, HeadInput? Input = null)
{
    /// <summary>How many heads share the input, from that of <see cref="To"/> on: grouped keys and values.</summary>
    public int SharedBy { get; init; } = 1;

    /// <summary>The nodes that read: <see cref="To"/>, and the heads that share its input.</summary>
    public IEnumerable<CircuitNode> Readers =>
        Enumerable.Range(To.Head, SharedBy).Select(head => To with { Head = head });

    /// <summary><c>a0.1 → a3.5.query</c>; <c>a0.1 → a3.4-7.key</c> where heads share the input.</summary>
    public override string ToString() =>
        $"{From} → {Reader}{(Input is null ? "" : $".{HeadInputs.NameOf(Input.Value)}")}";

    private string Reader =>
        SharedBy == 1 ? $"{To}" : string.Create(CultureInfo.InvariantCulture, $"{To}-{To.Head + SharedBy - 1}");
}

/// <summary>An edge, and what cutting it was estimated to do.</summary>
/// <param name="Edge">The edge.</param>
/// <param name="Score">
/// The estimated change of the metric where this edge alone carries what it does in the corrupt run, the mean over
/// prompts: below 0 where the edge helps.
/// </param>
/// <param name="StandardError">The standard error of the mean; NaN for one prompt.</param>
public sealed record ScoredEdge(CircuitEdge Edge, double Score, double StandardError);

/// <summary>Which input of a head reads the stream.</summary>
public enum HeadInput
{
    /// <summary>Its queries.</summary>
    Query,

    /// <summary>Its keys.</summary>
    Key,

    /// <summary>Its values.</summary>
    Value,
}

/// <summary>The names of a head's inputs.</summary>
public static class HeadInputs
{
    /// <summary>How many inputs a head has.</summary>
    internal const int Count = 3;

    /// <summary><c>query</c>, <c>key</c> or <c>value</c>.</summary>
    public static string NameOf(HeadInput input) =>
        input switch
        {
            HeadInput.Query => "query",
            HeadInput.Key => "key",
            _ => "value",
        };
}
