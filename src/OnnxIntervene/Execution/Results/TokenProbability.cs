namespace OnnxIntervene.Execution.Results;

/// <summary>A token and the probability that a model assigns to it.</summary>
/// <param name="Id">The token's number in the vocabulary.</param>
/// <param name="Text">The token's text, a leading space included.</param>
/// <param name="Probability">From 0 to 1.</param>
public sealed record TokenProbability(int Id, string Text, float Probability);
