using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using OnnxIntervene.Baking;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.IR.Serialization.Wire;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Baking;

/// <summary>
/// A bake leaves the original as it is wherever its folder lies, and says of which files it was made.
/// </summary>
public sealed class BakedPlaceTests
{
    [TestCase("own/")]
    [TestCase("own/.")]
    [TestCase("link")]
    [TestCase("link/")]
    [TestCase("through/own")]
    public void The_models_own_folder_is_refused_however_it_is_written(string output)
    {
        using var folder = new TemporaryFolder();
        CopyModel(folder.File("own"));
        Directory.CreateSymbolicLink(folder.File("link"), folder.File("own"));
        Directory.CreateSymbolicLink(folder.File("through"), folder.Path);
        var before = Hash(folder.File("own/model.onnx"));

        Assert.That(() => Bake(folder.File("own/model.onnx"), folder.File(output)), Refused);

        Assert.That(Hash(folder.File("own/model.onnx")), Is.EqualTo(before));
        Assert.That(Directory.GetFiles(folder.File("own")), Has.Length.EqualTo(2));
    }

    [Test]
    public void The_folder_of_the_file_that_a_models_path_leads_to_is_refused()
    {
        using var folder = new TemporaryFolder();
        CopyModel(folder.File("own"));
        Directory.CreateDirectory(folder.File("links"));
        File.CreateSymbolicLink(folder.File("links/model.onnx"), folder.File("own/model.onnx"));

        Assert.That(() => Bake(folder.File("links/model.onnx"), folder.File("own")), Refused);
        Assert.That(() => Bake(folder.File("links/model.onnx"), folder.File("links")), Refused);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_folder_around_the_model_can_be_baked_into(bool copies)
    {
        using var folder = new TemporaryFolder();
        CopyModel(folder.File("out/own"));
        var before = Hash(folder.File("out/own/model.onnx"));

        Bake(folder.File("out/own/model.onnx"), folder.File("out"), new BakeRequest { CopiesWeights = copies });

        Assert.That(Hash(folder.File("out/own/model.onnx")), Is.EqualTo(before));
        using var baked = LoadedModel.Load(folder.File("out/model.onnx"), BakingSamples.OneThread);
        Assert.That(baked.Model.Metadata.Select(entry => entry.Key), Has.Member("intervene.bake.proof"));
    }

    [Test]
    public void Every_file_of_weights_and_of_interventions_has_its_checksum()
    {
        using var folder = new TemporaryFolder();
        CopyModel(folder.File("own"));
        var weights = SplitWeights(folder.File("own/model.onnx"));
        File.WriteAllText(folder.File("v.bin"), "a vector");

        Bake(
            folder.File("own/model.onnx"),
            folder.File("out"),
            new BakeRequest { InterventionFiles = [folder.File("v.bin")] }
        );
        var entry = OnnxFile.Load(folder.File("out/model.onnx")).Metadata.Single(item => item.Key == "intervene.bake");
        using var record = JsonDocument.Parse(entry.Value);
        var original = record.RootElement.GetProperty("original");

        Assert.That(
            record.RootElement.GetProperty("intervention_files").GetProperty("v.bin").GetString(),
            Is.EqualTo(Hash(folder.File("v.bin")))
        );
        Assert.That(original.EnumerateObject().Count(), Is.EqualTo(3));
        Assert.That(original.GetProperty("model.onnx").GetString(), Is.EqualTo(Hash(folder.File("own/model.onnx"))));
        foreach (var file in weights)
            Assert.That(original.GetProperty(file).GetString(), Is.EqualTo(Hash(file)));
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refused =>
        Throws.TypeOf<InterventionException>().With.Message.Contains("own folder");

    private static void Bake(string path, string output, BakeRequest? request = null)
    {
        using var model = IntervenableModel.Load(
            path,
            new IntervenableConfig
            {
                Representations = [BakingSamples.At(1, ComponentNames.MlpOutput, new ZeroIntervention())],
            },
            BakingSamples.OneThread
        );
        Baker.Write(model, request ?? new BakeRequest(), output);
    }

    private static void CopyModel(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var name in new[] { "model.onnx", "config.json" })
            File.Copy(Path.Combine(BakingSamples.Folder("llama/optimum"), name), Path.Combine(folder, name));
    }

    // Two files of weights that have one name.
    private static string[] SplitWeights(string path)
    {
        var proto = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        var large = proto.Graph.Initializer.Where(tensor => tensor.RawData.Length > 4096).Take(2).ToList();
        var files = new List<string>();
        foreach (var (tensor, name) in large.Zip(["a", "b"]))
        {
            var file = Path.Combine(Path.GetDirectoryName(path)!, name, "weights.bin");
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, tensor.RawData.ToByteArray());
            files.Add(file);
            tensor.ClearRawData();
            tensor.DataLocation = 1;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = $"{name}/weights.bin" });
        }

        File.WriteAllBytes(path, proto.ToByteArray());
        return [.. files];
    }

    private static string Hash(string file) =>
        $"sha256:{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))}";
}
