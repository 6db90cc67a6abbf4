using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// NumPy's .npz files: a zip file of .npy files, compressed or not (numpy.savez, numpy.savez_compressed).
/// </summary>
public static class NpzFile
{
    private const string Ending = ".npy";

    /// <summary>Reads all arrays, by name. Floats of any size become 32-bit floats, integers 64-bit integers.</summary>
    /// <exception cref="ModelFormatException">
    /// The file is not a .npz file, is damaged, is too large when unpacked, or holds what no array here can.
    /// </exception>
    public static ImmutableSortedDictionary<string, NumericArray> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new ModelFormatException($"There is no file '{path}'.");
        using var zip = ZipContents.Open(path);
        var arrays = ImmutableSortedDictionary.CreateBuilder<string, NumericArray>(StringComparer.Ordinal);
        var room = zip.LargestUnpacked;
        foreach (var name in zip.Names)
        {
            var largest = zip.IsStored(name) ? long.MaxValue : room;
            var array = zip.ReadChecked(
                name,
                (stream, length) => NumpyFile.Read(stream, length, $"{path}#{name}", largest)
            );
            room -= zip.IsStored(name) ? 0 : (long)array.Length * (array.IsInteger ? sizeof(long) : sizeof(float));
            var key = name.EndsWith(Ending, StringComparison.Ordinal) ? name[..^Ending.Length] : name;
            if (!arrays.TryAdd(key, array))
                throw new ModelFormatException($"'{path}' has two arrays '{key}'.");
        }

        return arrays.ToImmutable();
    }
}
