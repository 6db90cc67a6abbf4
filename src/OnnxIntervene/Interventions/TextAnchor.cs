namespace OnnxIntervene.Interventions;

/// <summary>Names positions by a text: the tokens that its first occurrence in an example touches.</summary>
/// <param name="Text">The text as the example has it; empty for every token that is not padding.</param>
/// <param name="Part">Which of its tokens.</param>
public sealed record TextAnchor(string Text, TextAnchorPart Part);
