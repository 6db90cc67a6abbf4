using System.Text;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// Files that <c>torch.save</c> writes of a dictionary of tensors (a state_dict): a zip file with a pickle and the
/// tensors' bytes. Nothing in the file is run: of the pickle, only what tensors need is understood, and everything else
/// is refused by name.
/// </summary>
public static class TorchFile
{
    private const long LargestPickle = 1 << 24;

    // Tied weights share bytes; a file whose tensors share them more often than this is made to exhaust memory.
    private const int MostViews = 2;
    private const long SmallViews = 16L << 20;

    /// <summary>Reads all tensors, in the file's order. Views and transposed tensors come in row-major order.</summary>
    /// <exception cref="ModelFormatException">
    /// The file is not a file of torch.save, is cut off, lies about sizes, or asks for code to be run.
    /// </exception>
    public static OrderedDictionary<string, TorchTensor> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        CheckStart(path);
        using var zip = ZipContents.Open(path);
        var folder = Folder(zip, path);
        CheckByteOrder(zip, folder, path);
        if (zip.Length(folder + "data.pkl") > LargestPickle)
            throw new ModelFormatException(
                $"'{path}': a pickle of {zip.Length(folder + "data.pkl")} bytes is too large for a dictionary of "
                    + $"tensors."
            );
        var root = PickleMachine.Run(zip.Read(folder + "data.pkl"), path);
        return Tensors(root, zip, folder, path);
    }

    /// <summary>
    /// Writes tensors in the given order, as <c>torch.save(module.state_dict(), path)</c> does, under another name in
    /// the same folder, and then renames the file. <c>torch.load(path, weights_only=True)</c> reads it.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// A name comes twice, a type is not torch's, or numbers do not fit their type.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, TorchTensor>> tensors)
    {
        ArgumentNullException.ThrowIfNull(path);
        PendingFile.Write(path, stream => Write(stream, path, tensors));
    }

    /// <summary>Writes tensors into a stream; the archive is named after the file.</summary>
    internal static void Write(Stream stream, string path, IEnumerable<KeyValuePair<string, TorchTensor>> tensors)
    {
        var ordered = new OrderedDictionary<string, TorchTensor>(tensors);
        var pickle = TorchPickle.Write(ordered);
        var zip = new TorchZipWriter(stream, ArchiveName(path));
        zip.Add("data.pkl", pickle);
        zip.Add(".format_version", "1"u8);
        zip.Add(".storage_alignment", "64"u8);
        zip.Add("byteorder", "little"u8);
        foreach (var (index, (name, tensor)) in ordered.Index())
            zip.Add($"data/{index}", TorchPickle.Bytes(name, tensor).Span);
        zip.Add("version", "3\n"u8);
        zip.Finish();
    }

    // torch names the folder in the archive after the file.
    private static string ArchiveName(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        var isPlain =
            name.Length is > 0 and < 200
            && Ascii.IsValid(name)
            && name is not ("." or "..")
            && name.IndexOfAny([':', '\\']) < 0;
        return isPlain ? name : "archive";
    }

    private static void CheckStart(string path)
    {
        if (!File.Exists(path))
            throw new ModelFormatException($"There is no file '{path}'.");
        using var stream = RegularFile.Open(path, message => new ModelFormatException(message));
        var start = new byte[4];
        var count = stream.ReadAtLeast(start, 4, throwOnEndOfStream: false);
        if (count < 4 || !start.AsSpan().SequenceEqual("PK\x03\x04"u8))
        {
            throw new ModelFormatException(
                start[0] == (byte)PickleOpcode.Protocol
                    ? $"'{path}' has the format of torch before 1.6, a bare pickle. Load it in torch and save it "
                        + $"again with torch.save."
                    : $"'{path}' is not a file of torch.save: it does not begin as a zip file does."
            );
        }
    }

    private static string Folder(ZipContents zip, string path)
    {
        var pickles = zip.Names.Where(name => name.Split('/') is [_, "data.pkl"]).ToList();
        return pickles is [var pickle]
            ? pickle[..^"data.pkl".Length]
            : throw new ModelFormatException(
                $"'{path}' has {pickles.Count} entries 'data.pkl' in a folder; a file of torch.save has one."
            );
    }

    private static void CheckByteOrder(ZipContents zip, string folder, string path)
    {
        var name = folder + "byteorder";
        if (zip.Contains(name) && (zip.Length(name) > 16 || !zip.Read(name).AsSpan().SequenceEqual("little"u8)))
            throw new ModelFormatException(
                $"'{path}' was written in another byte order than little-endian. Load it in torch on a little-endian "
                    + $"machine and save it again."
            );
    }

    private static OrderedDictionary<string, TorchTensor> Tensors(
        PickleItem root,
        ZipContents zip,
        string folder,
        string path
    )
    {
        if (root is not PickleDictionary dictionary)
            throw new ModelFormatException(
                $"'{path}' holds {root.Kind}, not a dictionary of tensors. Save a state_dict: "
                    + $"torch.save(module.state_dict(), path)."
            );
        var views = dictionary.Entries.Select(entry => View(entry.Key, entry.Value, zip, folder, path)).ToList();
        CheckTogether(views, zip, path);
        var tensors = new OrderedDictionary<string, TorchTensor>();
        foreach (var (name, _, _) in views)
        {
            if (!tensors.TryAdd(name, TorchTensor.Of(0)))
                throw new ModelFormatException($"'{path}' has two tensors '{name}'.");
        }

        // A storage is read once, however many tensors are parts of it.
        foreach (var shared in views.GroupBy(view => view.Tensor.Storage.Key))
        {
            var storage = zip.Read($"{folder}data/{shared.Key}");
            foreach (var (name, tensor, count) in shared)
                tensors[name] = Tensor(tensor, storage, count);
        }

        return tensors;
    }

    private static TorchTensor Tensor(PickleTensor tensor, ReadOnlySpan<byte> storage, int count)
    {
        var type = tensor.Storage.Type;
        var bytes = TorchView.Materialize(tensor, storage, count);
        var shape = tensor.Shape.Select(size => (int)size).ToArray();
        return new TorchTensor(ElementConversion.Convert(type.ElementName, bytes, shape), type.ElementType);
    }

    private static (string Name, PickleTensor Tensor, int Count) View(
        PickleItem key,
        PickleItem item,
        ZipContents zip,
        string folder,
        string path
    )
    {
        if (key is not PickleText { Text: var name })
            throw new ModelFormatException($"'{path}': {key.Kind} is found where a tensor's name is needed.");
        if (item is not PickleTensor tensor)
            throw new ModelFormatException(
                $"'{path}': the entry '{name}' is {item.Kind}, not a tensor. Save the dictionary of tensors itself."
            );
        var storage = tensor.Storage;
        var length = zip.Length($"{folder}data/{storage.Key}");
        if (storage.Count < 0 || (Int128)storage.Count * storage.Type.ElementBytes != length)
            throw new ModelFormatException(
                $"'{path}', tensor '{name}': its storage should hold {storage.Count} elements of "
                    + $"{storage.Type.ElementBytes} "
                    + $"bytes, but has {length} bytes."
            );
        return (name, tensor, TorchView.Count(name, tensor, path));
    }

    private static void CheckTogether(
        List<(string Name, PickleTensor Tensor, int Count)> views,
        ZipContents zip,
        string path
    )
    {
        var wanted = views.Sum(view => (decimal)view.Count * view.Tensor.Storage.Type.ElementBytes);
        var held = zip.Names.Sum(name => (decimal)zip.Length(name));
        if (wanted > (MostViews * held) + SmallViews)
            throw new ModelFormatException(
                $"'{path}': its tensors would take {wanted} bytes, but the file holds {held}. They share the same "
                    + $"bytes too often."
            );
    }
}
