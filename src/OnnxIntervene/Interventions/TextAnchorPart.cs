namespace OnnxIntervene.Interventions;

/// <summary>Which tokens of a text are meant.</summary>
public enum TextAnchorPart
{
    /// <summary>Its last token.</summary>
    Last,

    /// <summary>Its first token.</summary>
    First,

    /// <summary>All of them.</summary>
    All,
}
