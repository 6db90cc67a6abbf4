using System.Collections.Immutable;

namespace OnnxIntervene.CausalModels;

/// <summary>The text of an input, and where its variables stand in it.</summary>
/// <param name="Text">The text.</param>
/// <param name="Spans">
/// For each variable its name, its first character and the place after its last; a variable that stands there again has
/// its number after its name: <c>W.2</c>.
/// </param>
public sealed record TemplateText(string Text, ImmutableArray<(string Name, int Start, int End)> Spans);
