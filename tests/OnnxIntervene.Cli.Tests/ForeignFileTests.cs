using System.IO.Compression;
using System.Text;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>What downloads and checkouts leave in place of a model is called by its name.</summary>
public sealed class ForeignFileTests
{
    private const string Pointer = """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 12345

        """;

    private static readonly Dictionary<string, (byte[] Contents, string Name)> s_files = new()
    {
        ["pointer"] = (Encoding.UTF8.GetBytes(Pointer), "a Git LFS pointer"),
        ["page"] = ("\n<!DOCTYPE html>\n<html><body>404</body></html>"u8.ToArray(), "an HTML page"),
        ["page of old"] = ("<HTML><head>"u8.ToArray(), "an HTML page"),
        ["torch zip"] = (Zip("archive/data.pkl"), "a torch file"),
        ["zip"] = (Zip("model.onnx"), "a ZIP archive"),
        ["pickle"] = ([0x80, 2, .. "}q\0."u8], "a pickled Python object"),
        ["safetensors"] = ([2, 0, 0, 0, 0, 0, 0, 0, .. "{}"u8], "a safetensors file"),
        ["gzip"] = (Gzip(), "gzip-compressed"),
        ["gguf"] = ([.. "GGUF"u8, 3, 0, 0, 0], "a GGUF file"),
        ["keras"] = ([0x89, .. "HDF\r\n\x1a\n"u8], "an HDF5 file"),
        ["tflite"] = ([0x1C, 0, 0, 0, .. "TFL3"u8, 0, 0], "a TensorFlow Lite model"),
        ["ort"] = ([0x1C, 0, 0, 0, .. "ORTM"u8, 0, 0], "ONNX Runtime's own format"),
        ["numpy"] = ([0x93, .. "NUMPY\x01\0"u8], "a NumPy array"),
        ["json"] = ("""{"error": "Repository not found"}"""u8.ToArray(), "JSON"),
        ["text"] = ("Entry not found"u8.ToArray(), "text"),
        ["zeros"] = (new byte[5000], "filled with zeros"),
        ["empty"] = ([], "is empty"),
    };

    private static IEnumerable<string> Names => s_files.Keys;

    [TestCaseSource(nameof(Names))]
    public async Task In_place_of_a_model(string name)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("model.onnx"), s_files[name].Contents);

        foreach (var path in new[] { folder.File("model.onnx"), folder.Path })
        {
            var (_, error, exit) = await Command.RunAsync("inspect", path);

            Assert.That(exit, Is.EqualTo(2), error);
            Assert.That(error, Does.Contain(s_files[name].Name).And.Contain("model.onnx"));
        }
    }

    [TestCase("pointer")]
    [TestCase("page")]
    public async Task In_place_of_external_data(string name)
    {
        using var folder = new TemporaryFolder();
        var model = IR.Serialization.OnnxFile.Load(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"));
        IR.Serialization.OnnxFile.SaveReferencing(model, folder.File("model.onnx"));
        var data = Directory
            .GetFiles(folder.Path)
            .Single(file => !file.EndsWith("model.onnx", StringComparison.Ordinal));
        File.Delete(data);
        File.WriteAllBytes(data, s_files[name].Contents);

        var (_, error, exit) = await Command.RunAsync("inspect", folder.Path);

        Assert.That(exit, Is.EqualTo(2), error);
        Assert.That(error, Does.Contain(s_files[name].Name).And.Contain(Path.GetFileName(data)));
    }

    [TestCase("tokenizer.json")]
    [TestCase("config.json")]
    public async Task A_pointer_in_place_of_what_is_beside_the_model(string file)
    {
        using var folder = new TemporaryFolder();
        foreach (var own in new[] { "model.onnx", "config.json", "tokenizer.json", "tokenizer_config.json" })
            File.Copy(Path.Combine(RepositoryPaths.DefaultModel, own), folder.File(own));
        File.WriteAllText(folder.File(file), Pointer);

        var (_, error, exit) = await Command.RunAsync(
            "collect",
            folder.Path,
            "--component",
            "mlp_output",
            "--base",
            "a",
            "--out",
            folder.File("a.npy")
        );

        Assert.That(exit, Is.EqualTo(2), error);
        Assert.That(error, Does.Contain("a Git LFS pointer").And.Contain(file));
    }

    private static byte[] Zip(string name)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create))
        {
            using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write("contents"u8);
        }

        return stream.ToArray();
    }

    private static byte[] Gzip()
    {
        using var stream = new MemoryStream();
        using (var zip = new GZipStream(stream, CompressionLevel.Fastest))
            zip.Write("contents"u8);
        return stream.ToArray();
    }
}
