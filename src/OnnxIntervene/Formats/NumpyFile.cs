using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>NumPy's .npy files (format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html).</summary>
public static partial class NumpyFile
{
    private static readonly byte[] s_magic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads an array; floats of any size become 32-bit floats, integers 64-bit integers.</summary>
    /// <exception cref="ModelFormatException">The file is not a .npy file, or holds what no array here can.</exception>
    public static NumericArray Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new ModelFormatException($"There is no file '{path}'.");
        using var stream = RegularFile.Open(path, message => new ModelFormatException(message));
        return Read(stream, stream.Length, path);
    }

    /// <summary>Writes an array under another name in the same folder, and then renames the file.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, NumericArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        var shape = string.Concat(array.Shape.Select(size => string.Create(CultureInfo.InvariantCulture, $"{size}, ")));
        var header =
            $"{{'descr': '{(array.IsInteger ? "<i8" : "<f4")}', 'fortran_order': False, 'shape': "
            + $"({shape.TrimEnd()}), }}";
        var padded = header.PadRight(((header.Length + 11 + 63) / 64 * 64) - 11) + "\n";
        PendingFile.Write(
            path,
            stream =>
            {
                stream.Write(s_magic);
                stream.Write([1, 0, (byte)padded.Length, (byte)(padded.Length >> 8)]);
                stream.Write(Encoding.ASCII.GetBytes(padded));
                stream.Write(
                    array.IsInteger ? MemoryMarshal.AsBytes(array.Integers) : MemoryMarshal.AsBytes(array.Floats)
                );
            }
        );
    }

    /// <summary>Reads an array from a stream, which need not seek, straight into its memory.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="length">How many bytes it claims to have.</param>
    /// <param name="path">Where it comes from, for messages.</param>
    /// <param name="largest">How many bytes the array may take.</param>
    internal static NumericArray Read(Stream stream, long length, string path, long largest = long.MaxValue)
    {
        var header = ReadHeader(stream, length, path, out var headerLength);
        var match = HeaderPattern().Match(header);
        if (!match.Success)
            throw new ModelFormatException($"'{path}': the header '{header.Trim()}' is not understood.");
        if (match.Groups["order"].Value == "True")
            throw new ModelFormatException($"'{path}' is in Fortran order; save it with numpy.ascontiguousarray.");
        var type =
            TypeOf(match.Groups["type"].Value)
            ?? throw new ModelFormatException(
                $"'{path}': the element type '{match.Groups["type"].Value}' is not supported."
            );
        var shape = ShapeOf(match.Groups["shape"].Value, path);
        var expected = ByteCount(type, shape, path);
        if (expected != length - headerLength)
            throw new ModelFormatException(
                $"'{path}' should hold {expected} bytes of data, but holds {length - headerLength}."
            );
        if (expected / ElementConversion.ByteCount(type) * ElementConversion.ArrayBytes(type) > largest)
            throw new ModelFormatException(
                $"'{path}' would take more than {largest} bytes when unpacked. Save it uncompressed."
            );
        return ElementConversion.Read(type, stream, shape.AsSpan());
    }

    private static string ReadHeader(Stream stream, long fileLength, string path, out long taken)
    {
        var start = new byte[8];
        if (
            stream.ReadAtLeast(start, 8, throwOnEndOfStream: false) < 8
            || !start.AsSpan(0, 6).SequenceEqual(s_magic)
            || start[6] is < 1 or > 3
        )
            throw new ModelFormatException($"'{path}' is not a .npy file.");
        var lengthBytes = new byte[4];
        var count = start[6] == 1 ? 2 : 4;
        if (stream.ReadAtLeast(lengthBytes.AsSpan(0, count), count, throwOnEndOfStream: false) < count)
            throw new ModelFormatException($"'{path}' ends in its header.");
        var length = BitConverter.ToUInt32(lengthBytes);
        taken = 8 + count + length;
        if (taken > fileLength || length > 1 << 16)
            throw new ModelFormatException($"'{path}': the header claims {length} bytes.");
        var header = new byte[length];
        stream.ReadExactly(header);
        return Encoding.Latin1.GetString(header);
    }

    private static ImmutableArray<int> ShapeOf(string text, string path)
    {
        var shape = ImmutableArray.CreateBuilder<int>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(part.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
                throw new ModelFormatException($"'{path}': the shape ({text}) is not understood.");
            shape.Add(size);
        }

        return shape.ToImmutable();
    }

    private static long ByteCount(string type, ImmutableArray<int> shape, string path)
    {
        return
            SizeProduct.Of(shape.AsSpan(), ElementConversion.ByteCount(type)) is { } count && count <= Array.MaxLength
            ? count
            : throw new ModelFormatException(
                $"'{path}': the shape [{string.Join(", ", shape)}] is too large; at most {Array.MaxLength} "
                    + $"bytes are read."
            );
    }

    private static string? TypeOf(string description) =>
        description switch
        {
            "<f4" => "F32",
            "<f8" => "F64",
            "<f2" => "F16",
            "<i8" => "I64",
            "<i4" => "I32",
            "<i2" => "I16",
            "|i1" => "I8",
            "<u8" => "U64",
            "<u4" => "U32",
            "<u2" => "U16",
            "|u1" => "U8",
            "|b1" => "BOOL",
            _ => null,
        };

    [GeneratedRegex(
        @"^\{\s*'descr':\s*'(?<type>[^']+)',\s*'fortran_order':\s*(?<order>True|False),"
            + @"\s*'shape':\s*\((?<shape>[^)]*)\),?\s*\}\s*$"
    )]
    private static partial Regex HeaderPattern();
}
