using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>
/// What was computed once for each example: in memory up to a limit, then in a file that goes with the process.
/// </summary>
/// <param name="memory">The limit, in bytes.</param>
internal sealed class ExampleCache(long memory) : IDisposable
{
    private readonly Dictionary<(int Example, string Name), NumericArray> _kept = [];
    private readonly Dictionary<(int Example, string Name), (long Start, ImmutableArray<int> Shape)> _written = [];
    private FileStream? _file;
    private long _bytes;

    /// <summary>Whether an example's arrays are there.</summary>
    public bool Has(int example, string name) =>
        _kept.ContainsKey((example, name)) || _written.ContainsKey((example, name));

    /// <summary>An example's array.</summary>
    public NumericArray Get(int example, string name) =>
        _kept.TryGetValue((example, name), out var array) ? array : Read(_written[(example, name)]);

    /// <summary>Keeps an example's array of floats.</summary>
    public void Put(int example, string name, NumericArray array)
    {
        var bytes = (long)array.Length * sizeof(float);
        if (_bytes + bytes <= memory)
        {
            _kept[(example, name)] = array;
            _bytes += bytes;
            return;
        }

        _file ??= OpenFile();
        var start = _file.Seek(0, SeekOrigin.End);
        _file.Write(MemoryMarshal.AsBytes(array.Floats));
        _written[(example, name)] = (start, array.Shape);
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    // It is gone when it is closed, and nobody else may read it.
    private static FileStream OpenFile()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), options);
    }

    private NumericArray Read((long Start, ImmutableArray<int> Shape) place)
    {
        var numbers = new float[place.Shape.Aggregate(1, (product, size) => product * size)];
        _file!.Position = place.Start;
        _file.ReadExactly(MemoryMarshal.AsBytes(numbers.AsSpan()));
        return NumericArray.Of(numbers, place.Shape.AsSpan());
    }
}
