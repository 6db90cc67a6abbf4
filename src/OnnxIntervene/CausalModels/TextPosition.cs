namespace OnnxIntervene.CausalModels;

/// <summary>A position of a text that has a name.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">The part of the text that it is; null for a number.</param>
/// <param name="Number">Its number, from the end where it is negative; null for a part of the text.</param>
public sealed record TextPosition(string Name, string? Text, int? Number);
