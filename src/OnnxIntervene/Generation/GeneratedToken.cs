namespace OnnxIntervene.Generation;

/// <summary>A token as it is generated.</summary>
/// <param name="Example">Which text of the batch it belongs to.</param>
/// <param name="Index">Its place among the text's new tokens, from 0.</param>
/// <param name="Token">Its id.</param>
/// <param name="Finish">Why the text ends with it; null where it goes on.</param>
public readonly record struct GeneratedToken(int Example, int Index, int Token, FinishReason? Finish);
