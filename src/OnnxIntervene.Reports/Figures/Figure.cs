namespace OnnxIntervene.Reports.Figures;

/// <summary>What a report draws: one of the kinds beside this one. Immutable.</summary>
public abstract record Figure
{
    // The kinds are known to all that draw and write them.
    private protected Figure() { }

    /// <summary>What is shown, in words that a paper could take.</summary>
    public required string Title { get; init; }

    /// <summary>A sentence or two below the picture; empty for none.</summary>
    public string Caption { get; init; } = "";

    /// <summary>What the figure is called in messages, such as <c>heatmap</c>.</summary>
    private protected abstract string Kind { get; }

    /// <summary>Refuses what no picture can show; called when drawing, because <c>with</c> checks nothing.</summary>
    internal abstract void Check();

    private protected ArgumentException Fault(string fault) => new($"The {Kind} '{Title}' {fault}");
}
