using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Formats;

public sealed class FormatTests
{
    private static readonly float[] s_floats = [1, 2, 3, 4, 5, 6];
    private static readonly long[] s_integers = [-1, 7];

    public static IEnumerable<string> SafetensorsFiles() =>
        Directory.EnumerateFiles(RepositoryPaths.OwnReferences, "*.safetensors", SearchOption.AllDirectories);

    [TestCaseSource(nameof(SafetensorsFiles))]
    public void Every_tensor_of_a_reference_file_survives_a_round_trip(string path)
    {
        using var folder = new TemporaryFolder();
        var file = SafetensorsFile.Open(path);
        var tensors = file.Names.ToDictionary(name => name, file.Read);

        SafetensorsFile.Write(folder.File("copy.safetensors"), tensors);

        var copy = SafetensorsFile.Open(folder.File("copy.safetensors"));
        Assert.That(copy.Names, Is.EqualTo(file.Names).And.Not.Empty);
        foreach (var (name, tensor) in tensors)
        {
            Assert.That(copy.Shape(name), Is.EqualTo(tensor.Shape));
            Assert.That(Same(copy.Read(name), tensor), name);
        }
    }

    [Test]
    public void An_array_survives_a_numpy_file()
    {
        using var folder = new TemporaryFolder();
        NumpyFile.Write(folder.File("a.npy"), NumericArray.Of(s_floats, 2, 3));
        NumpyFile.Write(folder.File("b.npy"), NumericArray.Of(s_integers, 2));

        Assert.That(Same(NumpyFile.Read(folder.File("a.npy")), NumericArray.Of(s_floats, 2, 3)));
        Assert.That(Same(NumpyFile.Read(folder.File("b.npy")), NumericArray.Of(s_integers, 2)));
        Assert.That(
            new FileInfo(folder.File("a.npy")).Length,
            Is.EqualTo(128 + 24),
            "the data begins on a multiple of 64 bytes"
        );
    }

    [TestCase("{}", "end at byte 10, but the file has 14")]
    [TestCase("{\"a\": 3}", "$.a: an object is expected")]
    [TestCase("{\"a\": {\"dtype\": \"F99\", \"shape\": [1], \"data_offsets\": [0, 4]}}", "F99")]
    [TestCase("{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 4]}}", "does not take")]
    [TestCase("{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 400]}}", "not in the file")]
    [TestCase(
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [9223372036854775807, 9], \"data_offsets\": [0, 4]}}",
        "$.a.shape[0]: a whole number from 0 to 2147483647"
    )]
    [TestCase("{\"a\": {\"dtype\": \"F32\", \"shape\": [-1], \"data_offsets\": [0, 4]}}", "-1")]
    [TestCase("[,", "begin with")]
    [TestCase("{,", "JSON")]
    public void A_safetensors_header_that_lies_is_refused(string header, string message)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.safetensors");
        File.WriteAllBytes(
            path,
            [
                .. BitConverter.GetBytes((long)header.Length),
                .. System.Text.Encoding.UTF8.GetBytes(header),
                .. new byte[4],
            ]
        );

        Assert.That(
            () => SafetensorsFile.Open(path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
        );
    }

    [Test]
    public void A_header_that_claims_more_than_the_file_holds_takes_no_memory()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.safetensors"), BitConverter.GetBytes(99_000_000L));

        Assert.That(
            () => SafetensorsFile.Open(folder.File("a.safetensors")),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("claims")
        );
    }

    [Test]
    public void Mutated_files_are_read_or_refused()
    {
        const int Seed = 7;
        var random = new Random(Seed);
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(
            folder.File("seed"),
            new Dictionary<string, NumericArray>
            {
                ["a"] = NumericArray.Of(s_floats, 2, 3),
                ["b"] = NumericArray.Of(s_integers, 2),
            }
        );
        NumpyFile.Write(folder.File("seed.npy"), NumericArray.Of(s_floats, 2, 3));
        var seeds = new[] { File.ReadAllBytes(folder.File("seed")), File.ReadAllBytes(folder.File("seed.npy")) };
        var refused = 0;
        for (var index = 0; index < 2000; index++)
        {
            var bytes = (byte[])seeds[index % 2].Clone();
            for (var count = random.Next(1, 4); count > 0; count--)
                bytes[random.Next(Math.Min(bytes.Length, 160))] = (byte)random.Next(256);
            File.WriteAllBytes(folder.File("mutated"), bytes[..random.Next(bytes.Length + 1)]);
            refused += Refuses(folder.File("mutated"), index % 2 == 0) ? 1 : 0;
        }

        Assert.That(refused, Is.InRange(1000, 2000), $"seed {Seed}");
    }

    [Test]
    public void A_shape_that_does_not_hold_the_elements_is_an_error_with_both_numbers() =>
        Assert.That(
            () => NumericArray.Of(s_floats, 2, 2),
            Throws.ArgumentException.With.Message.Contains("4 elements").And.Message.Contains("6")
        );

    [Test]
    public void A_tensor_that_is_not_there_is_answered_with_those_that_are()
    {
        var path = SafetensorsFiles().First();
        var name = SafetensorsFile.Open(path).Names.First();

        Assert.That(
            () => SafetensorsFile.Open(path).Read("none such"),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(name)
        );
    }

    private static bool Refuses(string path, bool isSafetensors)
    {
        try
        {
            if (isSafetensors)
            {
                var file = SafetensorsFile.Open(path);
                foreach (var name in file.Names)
                    file.Read(name);
            }
            else
            {
                NumpyFile.Read(path);
            }

            return false;
        }
        catch (ModelFormatException)
        {
            return true;
        }
    }

    private static bool Same(NumericArray left, NumericArray right) =>
        left.Shape.SequenceEqual(right.Shape)
        && (left.IsInteger ? left.Integers.SequenceEqual(right.Integers) : left.Floats.SequenceEqual(right.Floats));
}
