namespace OnnxIntervene.IR.Tests.Inference;

/// <summary>A use of an operator.</summary>
/// <param name="Name">What it is of.</param>
/// <param name="Build">Writes it, and returns what it gives.</param>
internal sealed record OperatorCase(string Name, Func<OperatorSketch, IEnumerable<Value>> Build);
