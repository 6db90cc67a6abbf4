using System.Diagnostics.CodeAnalysis;

namespace OnnxIntervene.Components.Addressing;

/// <summary>The outcome of looking for a component: where it is and how wide, or why it was not found.</summary>
internal readonly record struct Found(ComponentSource? Source, int Width, string Reason)
{
    [MemberNotNullWhen(true, nameof(Source))]
    public bool IsFound => Source is not null;

    public static Found At(ComponentSource source, int width) => new(source, width, "");

    public static Found Nothing(string reason) => new(null, 0, reason);
}
