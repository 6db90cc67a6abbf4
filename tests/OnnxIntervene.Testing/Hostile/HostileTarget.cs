namespace OnnxIntervene.Testing.Hostile;

/// <summary>One way by which files come in: what is done with a file that may be broken.</summary>
/// <param name="Name">The reader's name, such as <c>safetensors</c>; also the folder of its kept files.</param>
/// <param name="Read">Does everything with the file that a user could.</param>
public sealed record HostileTarget(string Name, Action<HostileFile, HostileSteps> Read)
{
    /// <summary>Every reader.</summary>
    public static IReadOnlyList<HostileTarget> All { get; } =
    [
        new("model", ModelReading.Read),
        new("run", ModelReading.ReadAndRun),
        new("tokenizer", FileReading.Tokenizer),
        new("template", FileReading.Template),
        new("config", FileReading.Configuration),
        new("interventions", FileReading.Interventions),
        new("pyvene", FileReading.InterventionFolder),
        new("map", FileReading.Map),
        new("lora", FileReading.Lora),
        new("safetensors", FileReading.Safetensors),
        new("npy", FileReading.Numpy),
        new("npz", FileReading.NumpyArchive),
        new("torch", FileReading.Torch),
        new("gguf", FileReading.Gguf),
        new("adapter", FileReading.Adapter),
        new("loreft", FileReading.Loreft),
        new("vector", FileReading.Vector),
        new("inputs", FileReading.Inputs),
        new("causal", FileReading.CausalModel),
        new("interchanges", FileReading.Interchanges),
    ];

    /// <summary>The reader of this name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static HostileTarget Named(string name) =>
        All.FirstOrDefault(target => target.Name == name)
        ?? throw new ArgumentException(
            $"There is no reader '{name}'. There are: {string.Join(", ", All.Select(target => target.Name))}.",
            nameof(name)
        );
}
