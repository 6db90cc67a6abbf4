using System.IO.Compression;

namespace OnnxIntervene.Fuzz.Mutation;

/// <summary>Changes entries of a zip archive and writes it anew; sometimes changes the archive's own bytes.</summary>
internal static class ZipMutator
{
    /// <summary>A changed copy.</summary>
    public static byte[] Mutate(byte[] content, byte[] other, Random random)
    {
        if (random.OneIn(3))
            return ByteMutator.Mutate(content, other, random);
        try
        {
            var entries = Read(content);
            MutateEntry(entries, random);
            return Write(entries, random);
        }
        catch (Exception fault) when (fault is InvalidDataException or IOException or NotSupportedException)
        {
            return ByteMutator.Mutate(content, other, random);
        }
    }

    private static void MutateEntry(List<(string Name, byte[] Content)> entries, Random random)
    {
        if (entries.Count == 0)
            return;
        var place = random.Next(entries.Count);
        var (name, content) = entries[place];
        switch (random.Next(10))
        {
            case 0:
                entries.RemoveAt(place);
                break;
            case 1:
                entries.Add((name, content));
                break;
            case 2:
                entries[place] = (random.Of(entries).Name, content);
                break;
            case 3:
                entries[place] = (
                    random.Of(new[] { "../x", "", "/", "a/b", new string('n', 300), "data.pkl" }),
                    content
                );
                break;
            case 4:
                entries[place] = (name, new byte[random.Of(new[] { 0, 1, 100_000, 8_000_000 })]);
                break;
            default:
                entries[place] = (name, ByteMutator.Mutate(content, random.Of(entries).Content, random));
                break;
        }
    }

    private static List<(string Name, byte[] Content)> Read(byte[] content)
    {
        using var archive = new ZipArchive(new MemoryStream(content), ZipArchiveMode.Read);
        return
        [
            .. archive.Entries.Select(entry =>
            {
                using var stream = entry.Open();
                using var copy = new MemoryStream();
                stream.CopyTo(copy);
                return (entry.FullName, copy.ToArray());
            }),
        ];
    }

    private static byte[] Write(List<(string Name, byte[] Content)> entries, Random random)
    {
        var level = random.OneIn(4) ? CompressionLevel.Optimal : CompressionLevel.NoCompression;
        using var target = new MemoryStream();
        using (var archive = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var stream = archive.CreateEntry(name.Length == 0 ? " " : name, level).Open();
                stream.Write(content);
            }
        }

        return target.ToArray();
    }
}
