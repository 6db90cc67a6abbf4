using OnnxIntervene.CausalModels;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Configuration;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Steering;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Templates;

namespace OnnxIntervene.Testing.Hostile;

/// <summary>Everything that is read besides models: each method reads all that is in a file.</summary>
internal static class FileReading
{
    private static readonly string[] s_texts =
    [
        "The Space Needle is located in the city of Seattle.",
        "naïve café ﬁ 東京 🙂 \ud800 e\u0301 \u00ad\u200b\t\r\n  [MASK] <|endoftext|> 0123456789",
        "",
    ];

    // The models to which maps, interventions and inputs belong.
    private static readonly Lazy<Model> s_model = new(() => OnnxFile.Load(ModelPath));

    private static readonly Lazy<LoadedModel> s_network = new(() => LoadedModel.Load(ModelPath));

    private static string ModelPath =>
        Path.Combine(RepositoryPaths.OwnReferences, "families", "mlp", "torchscript", "model.onnx");

    public static void Tokenizer(HostileFile file, HostileSteps steps)
    {
        if (!steps.Take("find", () => Tokenization.Tokenizer.ExistsIn(file.Folder)))
            return;
        var tokenizer = steps.Take("load", () => Tokenization.Tokenizer.Load(file.Folder));
        foreach (var text in s_texts)
        {
            var encoding = steps.Take("encode", () => tokenizer.Encode(text));
            steps.Take("decode", () => tokenizer.Decode(encoding.Ids, skipSpecialTokens: true));
            steps.Take("token texts", () => encoding.Ids.Sum(id => tokenizer.TokenText(id).Length));
        }

        steps.Take("mask", () => tokenizer.MaskToken);
    }

    public static void Template(HostileFile file, HostileSteps steps)
    {
        if (!steps.Take("find", () => ChatTemplate.ExistsIn(file.Folder)))
            return;
        var template = steps.Take("read", () => ChatTemplate.Read(file.Folder));
        steps.Take("render", () => template.Render([new("system", s_texts[0]), new("user", s_texts[1])]).Length);
    }

    public static void Configuration(HostileFile file, HostileSteps steps)
    {
        var path = Path.Combine(file.Folder, "model.onnx");
        var configuration = steps.Take("read", () => ModelConfiguration.ReadBeside(path));
        steps.Take(
            "map",
            () => ComponentMap.Find(s_model.Value, new ComponentSearchOptions { Configuration = configuration })
        );
    }

    public static void Interventions(HostileFile file, HostileSteps steps)
    {
        var run = steps.Take("read", () => RunFile.Read(file.Path));
        Configure(run.Config, steps);
    }

    public static void InterventionFolder(HostileFile file, HostileSteps steps)
    {
        var config = steps.Take("read", () => OnnxIntervene.Interventions.Files.InterventionFolder.Load(file.Folder));
        Configure(config, steps);
    }

    public static void Map(HostileFile file, HostileSteps steps)
    {
        var overrides = steps.Take("read", () => ComponentMapFile.Read(file.Path));
        steps.Take("map", () => ComponentMap.Find(s_model.Value, new ComponentSearchOptions { Overrides = overrides }));
    }

    public static void Lora(HostileFile file, HostileSteps steps) =>
        steps.Take("read", () => LoraAdapter.Read(file.Folder));

    public static void Safetensors(HostileFile file, HostileSteps steps)
    {
        var tensors = steps.Take("open", () => SafetensorsFile.Open(file.Path));
        steps.Take("read", () => tensors.Names.Sum(name => (long)tensors.Read(name).Length));
    }

    public static void Numpy(HostileFile file, HostileSteps steps) =>
        steps.Take("read", () => NumpyFile.Read(file.Path).Length);

    public static void NumpyArchive(HostileFile file, HostileSteps steps)
    {
        var arrays = steps.Take("read", () => NpzFile.Read(file.Path));
        steps.Take("autoencoder", () => SparseAutoencoderWeights.From(arrays, file.Path));
    }

    public static void Torch(HostileFile file, HostileSteps steps) =>
        steps.Take("read", () => TorchFile.Read(file.Path).Count);

    public static void Gguf(HostileFile file, HostileSteps steps)
    {
        var tensors = steps.Take("open", () => GgufFile.Open(file.Path));
        steps.Take("read", () => tensors.Names.Sum(name => (long)tensors.Read(name).Length));
        steps.Take("control vector", () => ControlVector.Read(file.Path));
    }

    public static void Adapter(HostileFile file, HostileSteps steps)
    {
        var adapter = steps.Take("read", () => OnnxAdapter.Read(file.Path));
        steps.Take("contents", () => adapter.Parameters.Values.Sum(data => (long)data.ReadBytes().Length));
    }

    public static void Loreft(HostileFile file, HostileSteps steps) =>
        steps.Take("read", () => AdapterFile.Read(file.Path, s_network.Value.Components, layers: [0]));

    public static void Vector(HostileFile file, HostileSteps steps)
    {
        var vector = steps.Take("read", () => SteeringVectorFile.Read(file.Path, [1]));
        steps.Take("act", () => vector.Acting(SteeringManner.Addition).Length);
    }

    public static void Inputs(HostileFile file, HostileSteps steps) =>
        steps.Take("read", () => InputFile.Read(file.Path, s_model.Value));

    public static void CausalModel(HostileFile file, HostileSteps steps)
    {
        var described = steps.Take("read", () => CausalDescription.Read(file.Path));
        var input = CausalSetting.Of(
            described.Model.Inputs.Select(variable => (variable.Name, variable.Default ?? variable.Values[0]))
        );
        steps.Take("run", () => described.Model.RunForward(input));
        steps.Take("fill", () => described.Template?.Fill(input).Text ?? "");
    }

    public static void Interchanges(HostileFile file, HostileSteps steps) =>
        steps.Take("read", () => InterchangeTensorFile.Read(file.Path, s_network.Value));

    private static void Configure(IntervenableConfig config, HostileSteps steps)
    {
        using var model = steps.Take("configure", () => IntervenableModel.Load(ModelPath, config));
        steps.Take("splice", () => model.Splice());
    }
}
