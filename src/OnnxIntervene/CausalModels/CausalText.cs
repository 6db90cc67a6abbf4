namespace OnnxIntervene.CausalModels;

/// <summary>Words of messages about causal models.</summary>
internal static class CausalText
{
    private const int MostShown = 12;

    /// <summary>Some words, of which a long list shows the first ones.</summary>
    public static string List(IEnumerable<string> words)
    {
        var all = words.ToList();
        return string.Join(", ", all.Take(MostShown))
            + (all.Count > MostShown ? $" and {all.Count - MostShown} more" : "");
    }
}
