namespace OnnxIntervene.Comparing;

/// <summary>One change of B's run.</summary>
/// <param name="Component">The component's number.</param>
/// <param name="IsRepair">Whether its own difference is taken out; otherwise it gets A's values.</param>
internal readonly record struct PatchedCell(int Component, bool IsRepair);
