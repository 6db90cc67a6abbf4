using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Fuzz.Mutation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Testing.Hostile;

namespace OnnxIntervene.Fuzz;

/// <summary>The files beside models: tokenizers, configurations, interventions, arrays.</summary>
/// <param name="add">Takes a reader's name, the file that is changed, its folder's files, and how.</param>
/// <param name="scratch">A folder for files on the way.</param>
internal sealed class FileCorpus(Action<string, string, Dictionary<string, byte[]>, Mutator> add, string scratch)
{
    private const int VocabularySize = 700;
    private static readonly string[] s_families = ["albert", "gemma", "llama3", "mistral", "qwen2", "t5", "words"];

    private static readonly string[] s_pieces = ["pieces-gemma", "pieces-llama", "pieces-unigram"];

    private static readonly string s_references = RepositoryPaths.OwnReferences;
    private static readonly string s_model = Path.Combine(s_references, "families", "mlp", "torchscript", "model.onnx");

    public void AddAll()
    {
        Directory.CreateDirectory(scratch);
        AddTokenizers();
        AddConfigurations();
        AddInterventions();
        AddFolders();
        AddArrays();
        AddMap();
        AddCausalModels();
        AddInterchanges();
    }

    private void AddTokenizers()
    {
        var bert = Path.Combine(s_references, "tokenizers", "bert");
        var whole = File.ReadAllBytes(Path.Combine(bert, "tokenizer.json"));
        var facts = File.ReadAllBytes(Path.Combine(RepositoryPaths.DefaultModel, "tokenizer.json"));
        foreach (var content in new[] { whole, facts })
            add("tokenizer", "tokenizer.json", new() { ["tokenizer.json"] = Shortened(content) }, JsonMutator.Mutate);
        foreach (var family in s_families)
        {
            var small = File.ReadAllBytes(Path.Combine(s_references, "tokenizers", family, "tokenizer.json"));
            add("tokenizer", "tokenizer.json", new() { ["tokenizer.json"] = small }, JsonMutator.Mutate);
        }

        foreach (var file in Directory.EnumerateFiles(Path.Combine(s_references, "templates"), "*.jinja").Order())
            add(
                "template",
                "chat_template.jinja",
                new() { ["chat_template.jinja"] = File.ReadAllBytes(file) },
                ByteMutator.Mutate
            );
        var words = new Dictionary<string, byte[]>
        {
            ["vocab.txt"] = Lines(Path.Combine(bert, "vocab.txt")),
            ["tokenizer_config.json"] = File.ReadAllBytes(Path.Combine(bert, "tokenizer_config.json")),
        };
        add("tokenizer", "vocab.txt", words, ByteMutator.Mutate);
        add("tokenizer", "tokenizer_config.json", words, JsonMutator.Mutate);
        var gpt2 = Path.Combine(s_references, "tokenizers", "gpt2");
        var vocabulary = JsonNode.Parse(File.ReadAllText(Path.Combine(gpt2, "vocab.json")))!.AsObject();
        var pairs = new Dictionary<string, byte[]>
        {
            ["vocab.json"] = JsonSerializer.SerializeToUtf8Bytes(Few(vocabulary)),
            ["merges.txt"] = Lines(Path.Combine(gpt2, "merges.txt")),
        };
        add("tokenizer", "vocab.json", pairs, JsonMutator.Mutate);
        add("tokenizer", "merges.txt", pairs, ByteMutator.Mutate);
        foreach (var family in s_pieces)
            AddPieces(Path.Combine(s_references, "tokenizers", family));
    }

    private void AddPieces(string folder)
    {
        var files = Directory
            .EnumerateFiles(folder)
            .Where(file => Path.GetFileName(file) != "encodings.json")
            .Order()
            .ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
        foreach (var name in files.Keys)
            add("tokenizer", name, files, name == "tokenizer.model" ? ByteMutator.Mutate : JsonMutator.Mutate);
    }

    // A few hundred tokens have what thirty thousand have, and are read a hundred times as fast.
    private static byte[] Shortened(byte[] content)
    {
        var root = JsonNode.Parse(content)!;
        var model = root["model"]!.AsObject();
        model["vocab"] = Few(model["vocab"]!.AsObject());
        if (model["merges"] is JsonArray merges)
            model["merges"] = new JsonArray([.. merges.Take(VocabularySize / 4).Select(item => item!.DeepClone())]);
        return JsonSerializer.SerializeToUtf8Bytes(root);
    }

    private static JsonObject Few(JsonObject vocabulary) =>
        new(
            vocabulary
                .Where(token => (int)token.Value! < VocabularySize)
                .Select(token => KeyValuePair.Create(token.Key, token.Value?.DeepClone()))
        );

    private static byte[] Lines(string path) =>
        Encoding.UTF8.GetBytes(string.Join('\n', File.ReadLines(path).Take(VocabularySize / 2)));

    private void AddConfigurations()
    {
        foreach (var file in Directory.EnumerateFiles(s_references, "config.json", SearchOption.AllDirectories).Order())
            add("config", "config.json", new() { ["config.json"] = File.ReadAllBytes(file) }, JsonMutator.Mutate);
        foreach (
            var file in Directory.EnumerateFiles(s_references, "genai_config.json", SearchOption.AllDirectories).Order()
        )
            add(
                "config",
                "genai_config.json",
                new() { ["genai_config.json"] = File.ReadAllBytes(file) },
                JsonMutator.Mutate
            );
    }

    private void AddInterventions()
    {
        foreach (var text in SampleConfigurations.All)
            add(
                "interventions",
                "interventions.json",
                new() { ["interventions.json"] = Encoding.UTF8.GetBytes(text), ["p.safetensors"] = Vectors() },
                JsonMutator.Mutate
            );
    }

    private byte[] Vectors()
    {
        var path = Path.Combine(scratch, "vectors.safetensors");
        SafetensorsFile.Write(
            path,
            new Dictionary<string, NumericArray> { ["v"] = NumericArray.Of(new float[16], 16) }
        );
        return File.ReadAllBytes(path);
    }

    private void AddFolders()
    {
        var lora = Path.Combine(s_references, "formats", "lora");
        AddFolder("lora", lora);
        using var model = LoadedModel.Load(s_model);
        var component = model.Components.Components[0];
        foreach (var type in InterventionType.All)
        {
            foreach (var format in Enum.GetValues<InterventionFileFormat>())
            {
                var folder = Path.Combine(scratch, $"{type.Name}-{format}");
                var representation = new RepresentationConfig
                {
                    Layer = component.Address.Layer,
                    Component = component.Address.Name,
                    InterventionType = type,
                    LowRankDimension = 2,
                    LatentDimension = 3,
                };
                try
                {
                    model.With(new IntervenableConfig { Representations = [representation] }).Save(folder, format);
                    AddFolder("pyvene", folder);
                }
                catch (InterventionException)
                {
                    // Code, and kinds that cannot be made without values, are not saved.
                }
            }
        }
    }

    private void AddFolder(string target, string folder)
    {
        var files = Directory
            .EnumerateFiles(folder)
            .Order(StringComparer.Ordinal)
            .ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
        foreach (var name in files.Keys)
            add(target, name, files, MutatorOf(name));
    }

    private static Mutator MutatorOf(string name) =>
        Path.GetExtension(name) switch
        {
            ".json" => JsonMutator.Mutate,
            ".safetensors" => SafetensorsMutator.Mutate,
            ".bin" or ".npz" => ZipMutator.Mutate,
            _ => ByteMutator.Mutate,
        };

    private void AddArrays()
    {
        var formats = Path.Combine(s_references, "formats");
        AddFile("safetensors", Path.Combine(formats, "lora", "adapter_model.safetensors"), "t.safetensors");
        AddFile("npz", Path.Combine(formats, "sae_params.npz"), "arrays.npz");
        AddFile("gguf", Path.Combine(formats, "control_vector.gguf"), "vector.gguf");
        AddVectors(formats);
        var array = Path.Combine(scratch, "array.npy");
        NumpyFile.Write(array, NumericArray.Of(new float[24], 2, 3, 4));
        AddFile("npy", array, "array.npy");
        AddFile("inputs", array, "inputs.npy");
        NumpyFile.Write(array, NumericArray.Of(new long[6], 2, 3));
        AddFile("npy", array, "array.npy");
        var vectors = Path.Combine(scratch, "t.safetensors");
        SafetensorsFile.Write(
            vectors,
            new Dictionary<string, NumericArray>
            {
                ["x"] = NumericArray.Of(new float[6], 2, 3),
                ["y"] = NumericArray.Of(new long[4], 4),
            }
        );
        AddFile("safetensors", vectors, "t.safetensors");
        AddFile("inputs", vectors, "inputs.safetensors");
        var torch = Path.Combine(scratch, "state.bin");
        TorchFile.Write(
            torch,
            [
                new("weight", new TorchTensor(NumericArray.Of(new float[12], 3, 4), ElementType.Float32)),
                new("step", TorchTensor.Of(3)),
            ]
        );
        AddFile("torch", torch, "state.bin");
    }

    private void AddVectors(string formats)
    {
        AddFile("vector", Path.Combine(formats, "control_vector.gguf"), "vector.gguf");
        var adapter = Path.Combine(scratch, "a.onnx_adapter");
        HostileSamples.Adapter().Write(adapter);
        AddFile("adapter", adapter, "a.onnx_adapter");
        var loreft = Path.Combine(scratch, "loreft.bin");
        TorchFile.Write(loreft, HostileSamples.Loreft());
        AddFile("loreft", loreft, "loreft.bin");
        var direction = Path.Combine(scratch, "direction.npy");
        NumpyFile.Write(direction, NumericArray.Of(new float[16], 16));
        AddFile("vector", direction, "direction.npy");
    }

    private void AddFile(string target, string path, string name) =>
        add(target, name, new() { [name] = File.ReadAllBytes(path) }, MutatorOf(name));

    private void AddMap()
    {
        var path = Path.Combine(scratch, "map.json");
        using var model = LoadedModel.Load(s_model);
        ComponentMapFile.Write(path, model.Model, model.Components);
        AddFile("map", path, "map.json");
    }

    private void AddCausalModels()
    {
        foreach (var text in SampleCausalModels.All)
            add("causal", "causal.json", new() { ["causal.json"] = Encoding.UTF8.GetBytes(text) }, JsonMutator.Mutate);
    }

    private void AddInterchanges()
    {
        var path = Path.Combine(scratch, "interchanges.safetensors");
        var numbers = NumericArray.Of(new float[2 * 16], 2, 16);
        SafetensorsFile.Write(
            path,
            new Dictionary<string, NumericArray>
            {
                ["base"] = numbers,
                ["source0"] = numbers,
                ["source1"] = numbers,
                ["kind"] = NumericArray.Of(new long[] { 0, 2 }, 2),
                ["labels"] = NumericArray.Of(new long[] { 0, 1 }, 2),
            }
        );
        AddFile("interchanges", path, "interchanges.safetensors");
    }
}
