using OnnxIntervene.Fuzz.Mutation;
using OnnxIntervene.Testing;
using OnnxIntervene.Testing.Hostile;

namespace OnnxIntervene.Fuzz;

/// <summary>The well-formed files that mutants are made of: small ones of the repository's references.</summary>
internal sealed class Corpus
{
    private const int LargestModel = 400_000;
    private const int SmallModel = 50_000;

    // How often a reader is tried, against once for the others.
    private static readonly Dictionary<string, int> s_weights = new()
    {
        ["model"] = 4,
        ["tokenizer"] = 3,
        ["interventions"] = 3,
        ["safetensors"] = 2,
        ["torch"] = 2,
    };

    private readonly Dictionary<string, List<Seed>> _seeds = [];
    private readonly List<string> _draws = [];

    public Corpus(string scratch, IReadOnlyCollection<string> only)
    {
        AddModels();
        new FileCorpus(Add, scratch).AddAll();
        foreach (var name in only.Count == 0 ? _seeds.Keys : only)
            _draws.AddRange(Enumerable.Repeat(HostileTarget.Named(name).Name, s_weights.GetValueOrDefault(name, 1)));
    }

    /// <summary>A file to change, and another of its kind.</summary>
    public (Seed Seed, Seed Other) Draw(Random random)
    {
        var seeds = _seeds[random.Of(_draws)];
        var seed = random.Of(seeds);
        // Every second model is a small one, which takes a tenth of the time.
        if (random.OneIn(2) && seeds.FindAll(item => item.Content.Length < SmallModel) is { Count: > 0 } small)
            seed = random.Of(small);
        return (seed, random.Of(seeds));
    }

    private void AddModels()
    {
        var files = Directory
            .EnumerateFiles(RepositoryPaths.OwnReferences, "*.onnx", SearchOption.AllDirectories)
            .Where(file => !RepositoryPaths.IsHostile(file) && !File.Exists(file + ".data"))
            .Where(file => new FileInfo(file).Length < LargestModel)
            .Order(StringComparer.Ordinal);
        foreach (var file in files)
        {
            foreach (var target in new[] { "model", "run" })
                Add(target, "model.onnx", Beside(file), MutateModel);
        }
    }

    private static byte[] MutateModel(byte[] content, byte[] other, Random random) =>
        random.OneIn(6) ? ByteMutator.Mutate(content, other, random) : WireMutator.Mutate(content, other, random);

    private static Dictionary<string, byte[]> Beside(string model)
    {
        var files = new Dictionary<string, byte[]> { ["model.onnx"] = File.ReadAllBytes(model) };
        var config = Path.Combine(Path.GetDirectoryName(model)!, "config.json");
        if (File.Exists(config))
            files["config.json"] = File.ReadAllBytes(config);
        return files;
    }

    private void Add(string target, string name, Dictionary<string, byte[]> files, Mutator mutate)
    {
        if (!_seeds.TryGetValue(target, out var list))
            _seeds[target] = list = [];
        list.Add(new Seed(HostileTarget.Named(target), name, files, mutate));
    }
}
