namespace OnnxIntervene.Testing;

/// <summary>One exporter's file of a reference model.</summary>
/// <param name="Name">The exporter.</param>
/// <param name="ModelPath">The .onnx file.</param>
/// <param name="Difference">How far its plain forward is from torch's.</param>
public sealed record ReferenceExport(string Name, string ModelPath, double Difference);
