using System.Diagnostics;
using System.Net.Sockets;
using OnnxIntervene.Components.Configuration;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Testing;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Tests.Files;

/// <summary>What is not a file is refused before it is opened: a pipe may never end, and a device has no end.</summary>
[Platform("Linux")]
public sealed class SpecialFileTests
{
    private static readonly Dictionary<string, Action<string>> s_readers = new()
    {
        ["run.json"] = path => RunFile.Read(path),
        ["map.json"] = path => ComponentMapFile.Read(path),
        ["config.json"] = path => ModelConfigurationReader.Read(path),
        ["adapter_config.json"] = path => LoraConfig.Read(path),
        ["tokenizer.json"] = path => Tokenizer.Load(Path.GetDirectoryName(path)!),
        ["vocab.txt"] = path => Tokenizer.Load(Path.GetDirectoryName(path)!),
        ["tokenizer.model"] = path => Tokenizer.Load(Path.GetDirectoryName(path)!),
        ["a.safetensors"] = path => SafetensorsFile.Open(path),
        ["a.gguf"] = path => GgufFile.Open(path),
        ["a.npy"] = path => NumpyFile.Read(path),
        ["a.npz"] = path => NpzFile.Read(path),
        ["a.bin"] = path => TorchFile.Read(path),
        ["model.onnx"] = path => OnnxFile.Load(path),
    };

    private static IEnumerable<string> Names => s_readers.Keys;

    [TestCaseSource(nameof(Names))]
    [CancelAfter(20_000)]
    public void A_pipe_is_refused_unopened(string name)
    {
        using var folder = new TemporaryFolder();
        Run("mkfifo", folder.File(name));

        Refused(() => s_readers[name](folder.File(name)), "is a pipe, not a file");
    }

    [TestCaseSource(nameof(Names))]
    [CancelAfter(20_000)]
    public void A_device_is_refused_unread(string name)
    {
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder.File(name), "/dev/zero");

        // Files that a folder brings along may not be links out of it, whatever they lead to.
        Refused(
            () => s_readers[name](folder.File(name)),
            name is "tokenizer.json" or "vocab.txt" or "tokenizer.model"
                ? "is a link to '/dev/zero'"
                : "is a device, not a file"
        );
    }

    [TestCaseSource(nameof(Names))]
    public void A_socket_is_refused(string name)
    {
        using var folder = new TemporaryFolder();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder.File(name)));

        Refused(() => s_readers[name](folder.File(name)), "is a socket, not a file");
    }

    [Test]
    public void A_folder_is_not_a_file()
    {
        using var folder = new TemporaryFolder();

        Refused(
            () => RegularFile.ReadBytes(folder.Path, 10, message => new ModelFormatException(message)),
            "is a folder, not a file"
        );
    }

    [Test]
    public void A_link_to_a_file_is_a_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a"), "text");
        File.CreateSymbolicLink(folder.File("b"), folder.File("a"));

        Assert.That(
            RegularFile.ReadText(folder.File("b"), 4, message => new ModelFormatException(message)),
            Is.EqualTo("text")
        );
        Refused(
            () => RegularFile.ReadText(folder.File("b"), 3, message => new ModelFormatException(message)),
            "has 4 bytes; a file of this kind has at most 3"
        );
    }

    private static void Refused(Action read, string message) =>
        Assert.That(
            () => read(),
            Throws
                .TypeOf<ModelFormatException>()
                .With.Message.Contains(message)
                .Or.TypeOf<InterventionException>()
                .With.Message.Contains(message)
        );

    private static void Run(string program, string argument)
    {
        using var process = Process.Start(program, [argument]);
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero);
    }
}
