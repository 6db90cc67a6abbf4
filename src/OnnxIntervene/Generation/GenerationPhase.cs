namespace OnnxIntervene.Generation;

/// <summary>Which tokens of a generation an intervention acts on.</summary>
[Flags]
public enum GenerationPhase
{
    /// <summary>The prompt's tokens: the run that computes the first new token.</summary>
    Prompt = 1,

    /// <summary>The new tokens, as they are read one after the other.</summary>
    Generated = 2,

    /// <summary>All tokens.</summary>
    Both = Prompt | Generated,
}
