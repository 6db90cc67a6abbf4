using OnnxIntervene.Testing.Hostile;

namespace OnnxIntervene.Fuzz;

/// <summary>Changes a file; the second one is another of the same kind.</summary>
internal delegate byte[] Mutator(byte[] content, byte[] other, Random random);

/// <summary>A well-formed file with those that it belongs to.</summary>
/// <param name="Target">Who reads it.</param>
/// <param name="Name">The file that is changed.</param>
/// <param name="Files">All files of the folder by name.</param>
/// <param name="Mutate">How it is changed.</param>
internal sealed record Seed(
    HostileTarget Target,
    string Name,
    IReadOnlyDictionary<string, byte[]> Files,
    Mutator Mutate
)
{
    public byte[] Content => Files[Name];
}
