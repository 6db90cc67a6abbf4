namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// What reading a model, its tokenizer and a request leaves behind: more than is kept of them, and nothing asks .NET
/// for it while a text is generated, which allocates little.
/// </summary>
internal static class LoadingGarbage
{
    /// <summary>Gives the memory back to the system, once all is read. Takes some 20 ms.</summary>
    public static void Drop() =>
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}
