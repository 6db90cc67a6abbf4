using OnnxIntervene.IR;

namespace OnnxIntervene.Sweeps;

/// <summary>How many rows a sweep runs at once.</summary>
internal static class BatchSize
{
    private const int MostRows = 64;
    private const long MostLogits = 1 << 24;
    private const long MostCached = 1 << 26;

    // Their scales come from all rows together, so that a row would change the others' numbers.
    private static readonly string[] s_acrossRows =
    [
        "DynamicQuantizeLinear",
        "DynamicQuantizeMatMul",
        "BatchNormalization",
    ];

    /// <summary>As many rows as keep the logits of a run at 64 MiB; at least one.</summary>
    public static int For(int length, int vocabulary) =>
        (int)Math.Clamp(MostLogits / ((long)length * vocabulary), 1, MostRows);

    /// <summary>
    /// As many texts as keep their keys and values at 256 MiB, where each layer's are as wide as the stream; at least
    /// one.
    /// </summary>
    public static int ForCache(long length, int layers, int width) =>
        (int)Math.Clamp(MostCached / Math.Max(1, length * 2 * layers * width), 1, MostRows);

    /// <summary>A node that computes with all rows of a batch together; null where rows are independent.</summary>
    public static Node? MixesRows(Model model) =>
        model.Graph.AllNodes().FirstOrDefault(node => s_acrossRows.Contains(node.Operator.Name));
}
