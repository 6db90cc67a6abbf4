using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Components;

/// <summary>
/// What a user says about one component: which tensor it is, in place of what was found or in addition to it.
/// </summary>
/// <param name="Address">Layer and name.</param>
/// <param name="Tensor">
/// A tensor of the file, or what <c>inspect</c> shows as the place of a component that was found.
/// </param>
public sealed record ComponentOverride(ComponentAddress Address, string Tensor)
{
    /// <summary>The component's range of the tensor's last axis, its end excluded; null for all of it.</summary>
    public (int Start, int End)? Range { get; init; }

    /// <summary>
    /// Elements of one unit: of a position, or of a head at a position. Null where the tensor's type has it.
    /// </summary>
    public int? Width { get; init; }

    /// <summary>How many heads it has; 0 for a component that is not split into heads.</summary>
    public int Heads { get; init; }

    /// <summary>The unit kind: <c>pos</c>, <c>h</c>, <c>h.pos</c> or <c>t</c>. Null for the usual one.</summary>
    public string? Unit { get; init; }

    /// <summary>
    /// The entry's place in its file, for messages; empty for an entry that is not from a file.
    /// </summary>
    public string Place { get; init; } = "";
}
