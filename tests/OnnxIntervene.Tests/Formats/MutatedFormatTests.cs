using OnnxIntervene.Formats;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Testing.Hostile;

namespace OnnxIntervene.Tests.Formats;

/// <summary>
/// Files of vectors and adapters that are changed at random are read or refused as documented, with memory in
/// proportion to their size. The fuzzer does the same with more of them.
/// </summary>
public sealed class MutatedFormatTests
{
    private const int Count = 400;
    private const int Seed = 11;
    private const long Memory = 64L << 20;
    private static readonly string s_formats = Path.Combine(RepositoryPaths.OwnReferences, "formats");

    [TestCase("gguf", "control_vector.gguf")]
    [TestCase("vector", "control_vector.gguf")]
    [TestCase("npz", "sae_params.npz")]
    [TestCase("npy", "array.npy")]
    [TestCase("safetensors", "lora/adapter_model.safetensors")]
    [TestCase("lora", "lora/adapter_config.json")]
    [TestCase("lora", "lora/adapter_model.safetensors")]
    [TestCase("adapter", "a.onnx_adapter")]
    [TestCase("loreft", "intkey.bin")]
    [TestCase("torch", "intkey.bin")]
    public void A_changed_file_is_read_or_refused_as_documented(string reader, string name)
    {
        using var folder = new TemporaryFolder();
        var file = Sample(folder, name);
        var whole = File.ReadAllBytes(file.Path);
        var target = HostileTarget.Named(reader);
        var refused = 0;

        Assert.That(() => Read(target, file), Is.Null, "the file as it is");
        foreach (var mutant in ByteMutations.Of(whole, Count, Seed))
        {
            File.WriteAllBytes(file.Path, mutant);
            refused += Read(target, file) is null ? 0 : 1;
        }

        Assert.That(refused, Is.GreaterThan(Count / 8));
    }

    [Test]
    public void No_changed_npz_gives_other_numbers()
    {
        using var folder = new TemporaryFolder();
        var file = Sample(folder, "sae_params.npz");
        var arrays = NpzFile.Read(file.Path);
        var whole = File.ReadAllBytes(file.Path);

        foreach (var mutant in ByteMutations.Of(whole, Count, Seed))
        {
            File.WriteAllBytes(file.Path, mutant);
            if (Read(HostileTarget.Named("npz"), file) is not null)
                continue;
            // Nothing tells a changed name.
            foreach (var (name, array) in NpzFile.Read(file.Path).Where(entry => arrays.ContainsKey(entry.Key)))
                Assert.That(array.Floats.SequenceEqual(arrays[name].Floats), name);
        }
    }

    // What is thrown, unless it is undocumented.
    private static Exception? Read(HostileTarget target, HostileFile file)
    {
        var steps = new HostileSteps(_ => { });
        try
        {
            target.Read(file, steps);
        }
        catch (Exception fault) when (HostileSteps.IsDocumented(fault))
        {
            return fault;
        }

        Assert.That(steps.Taken.Max(step => step.Allocated), Is.LessThan(Memory));
        return null;
    }

    private static HostileFile Sample(TemporaryFolder folder, string name)
    {
        var path = folder.File(Path.GetFileName(name));
        if (name == "a.onnx_adapter")
            HostileSamples.Adapter().Write(path);
        else if (name == "intkey.bin")
            TorchFile.Write(path, HostileSamples.Loreft());
        else if (name == "array.npy")
            NumpyFile.Write(path, NumericArray.Of(new float[24], 2, 3, 4));
        else
            foreach (var beside in Directory.EnumerateFiles(Path.GetDirectoryName(Path.Combine(s_formats, name))!))
                File.Copy(beside, folder.File(Path.GetFileName(beside)));
        return new HostileFile(folder.Path, Path.GetFileName(name));
    }
}
