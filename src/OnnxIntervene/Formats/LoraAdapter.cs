using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>A LoRA adapter as PEFT saves it, ordered by module.</summary>
/// <param name="Modules">What is added to each module that the adapter changes.</param>
public sealed record LoraAdapter(ImmutableArray<LoraWeights> Modules)
{
    internal const string ConfigName = "adapter_config.json";
    private const string Matrices = "adapter_model.safetensors";
    private const string Prefix = "base_model.model.";
    private const string EndingA = ".lora_A.weight";
    private const string EndingB = ".lora_B.weight";
    private const int MostShown = 20;

    /// <summary>
    /// Reads a folder with <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> or <c>adapter_model.bin</c>.
    /// </summary>
    /// <exception cref="ModelFormatException">
    /// A file is missing or not well formed, matrices do not fit one another or are not finite, the adapter has parts
    /// that are not LoRA's two matrices, or matrices of modules that its configuration does not mean.
    /// </exception>
    public static LoraAdapter Read(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var boundary = FolderBoundary.Of(folder);
        var config = LoraConfig.Read(boundary.Checked(Path.Combine(folder, ConfigName)));
        var path = boundary.Checked(FileIn(folder));
        var arrays = path.EndsWith(Matrices, StringComparison.Ordinal)
            ? Safetensors(path)
            : TorchFile.Read(path).ToDictionary(tensor => tensor.Key, tensor => tensor.Value.Array);
        if (arrays.Keys.FirstOrDefault(name => !IsKnown(name)) is { } unknown)
            throw new ModelFormatException(
                $"'{path}': the tensor '{unknown}' is not a LoRA matrix of a linear module. Merge the adapter into the "
                    + $"model instead."
            );
        var reader = new NamedArrays(arrays, path);
        var modules = arrays.Keys.Select(Module).Distinct().Order(StringComparer.Ordinal).ToList();
        CheckMeant(modules, config, path);
        return new LoraAdapter([.. modules.Select(module => Weights(module, reader, config))]);
    }

    // PEFT would leave these matrices out, so that the adapter would be another one there.
    private static void CheckMeant(List<string> modules, LoraConfig config, string path)
    {
        var leftOut = config.Targets.LeftOut(modules).ToList();
        if (leftOut.Count == 0)
            return;
        var more = leftOut.Count > MostShown ? $" and {leftOut.Count - MostShown} more" : "";
        throw new ModelFormatException(
            $"'{path}' has matrices of {string.Join(", ", leftOut.Take(MostShown))}{more}, which adapter_config.json "
                + "leaves out (target_modules, exclude_modules, layers_to_transform): PEFT does not apply them. Take "
                + "them out of the file, or name the modules in the configuration."
        );
    }

    /// <summary>The file of a folder that holds the matrices.</summary>
    internal static string FileIn(string folder)
    {
        var safetensors = Path.Combine(folder, Matrices);
        return File.Exists(safetensors) ? safetensors : Path.Combine(folder, "adapter_model.bin");
    }

    private static Dictionary<string, NumericArray> Safetensors(string path)
    {
        var file = SafetensorsFile.Open(path);
        return file.Names.ToDictionary(name => name, file.Read);
    }

    private static bool IsKnown(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal)
        && (name.EndsWith(EndingA, StringComparison.Ordinal) || name.EndsWith(EndingB, StringComparison.Ordinal))
        && name.Length > Prefix.Length + EndingA.Length;

    private static string Module(string name) => name[Prefix.Length..^EndingA.Length];

    private static LoraWeights Weights(string module, NamedArrays arrays, LoraConfig config)
    {
        var first = arrays.Floats(Prefix + module + EndingA, null, null);
        var second = arrays.Floats(Prefix + module + EndingB, null, first.Shape[0]);
        return new LoraWeights(module, Layer(module), first, second, config.Scale(module, first.Shape[0]));
    }

    private static int? Layer(string module)
    {
        foreach (var part in module.Split('.'))
        {
            if (int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var layer))
                return layer;
        }

        return null;
    }
}
