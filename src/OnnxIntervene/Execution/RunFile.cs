using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Execution;

/// <summary>
/// A configuration with what one run of it needs: pyvene's <c>config.json</c>, and beside its fields <c>unit_locations</c>,
/// <c>coefficients</c> (a number for each intervention, or a list with one for each example) and <c>source_representations</c> (for each
/// intervention null, an array, or <c>"file.safetensors#name"</c> relative to the file).
/// </summary>
/// <param name="Config">The interventions.</param>
/// <param name="UnitLocations">Where they read and write; null for everywhere.</param>
/// <param name="Settings">Coefficients and constant sources.</param>
public sealed record RunFile(IntervenableConfig Config, UnitLocations? UnitLocations, RunSettings Settings)
{
    private const long LargestFile = 64L << 20;

    /// <summary>Reads a file.</summary>
    /// <exception cref="InterventionException">The file is no configuration; the message names the place in it.</exception>
    /// <exception cref="ModelFormatException">A file of constant sources is not well formed, or lies outside the folder.</exception>
    public static RunFile Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new InterventionException($"There is no configuration '{path}'.");
        if (new FileInfo(path).Length > LargestFile)
            throw new InterventionException($"The configuration '{path}' is larger than {LargestFile} bytes.");
        var text = File.ReadAllText(path);
        var config = IntervenableConfig.FromJson(text);
        using var json = JsonDocument.Parse(text);
        var locations = json.RootElement.TryGetProperty("unit_locations", out var units) ? UnitLocationsReader.Read(units, config) : null;
        return new RunFile(config, locations, new RunSettings
        {
            Coefficients = Coefficients(json.RootElement),
            SourceRepresentations = Sources(json.RootElement, Path.GetDirectoryName(Path.GetFullPath(path))!),
            Subspaces = json.RootElement.TryGetProperty("subspaces", out var subspaces) ? SubspacesReader.Read(subspaces, config) : Subspaces.Whole,
            OutputOriginalOutput = true,
        });
    }

    private static ImmutableArray<Coefficient> Coefficients(JsonElement root)
    {
        if (!root.TryGetProperty("coefficients", out var json) || json.ValueKind == JsonValueKind.Null)
            return [];
        if (json.ValueKind == JsonValueKind.Number)
            return [Coefficient.Of(json.GetSingle())];
        if (json.ValueKind != JsonValueKind.Array)
            throw ConfigField.Fault("$.coefficients", "a number or a list is expected");
        return [.. json.EnumerateArray().Select((item, index) => item.ValueKind switch
        {
            JsonValueKind.Number => Coefficient.Of(item.GetSingle()),
            JsonValueKind.Array when item.GetArrayLength() > 0 => Coefficient.PerExample(ConfigField.Floats(item, $"$.coefficients[{index}]")),
            _ => throw ConfigField.Fault($"$.coefficients[{index}]", "a number, or a list with one for each example, is expected"),
        })];
    }

    private static ImmutableArray<NumericArray?> Sources(JsonElement root, string folder)
    {
        if (!root.TryGetProperty("source_representations", out var json) || json.ValueKind == JsonValueKind.Null)
            return [];
        if (json.ValueKind != JsonValueKind.Array)
            throw ConfigField.Fault("$.source_representations", "a list with an entry for each intervention is expected");
        return [.. json.EnumerateArray().Select((item, index) => Source(item, folder, $"$.source_representations[{index}]"))];
    }

    private static NumericArray? Source(JsonElement item, string folder, string path) => item.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => FromFile(item.GetString()!, folder, path),
        JsonValueKind.Array => ConfigField.Array(item, path),
        _ => throw ConfigField.Fault(path, "null, an array, or 'file.safetensors#name' is expected"),
    };

    private static NumericArray FromFile(string reference, string folder, string path)
    {
        var mark = reference.LastIndexOf('#');
        if (mark <= 0)
            throw ConfigField.Fault(path, $"'{reference}' names no tensor; write file.safetensors#name");
        var file = reference[..mark];
        var full = Path.GetFullPath(Path.Combine(folder, file));
        var inside = Path.GetRelativePath(folder, full);
        if (Path.IsPathRooted(file) || inside.StartsWith("..", StringComparison.Ordinal))
            throw new ModelFormatException($"{path}: '{file}' leaves the configuration's folder.");
        return SafetensorsFile.Open(full).Read(reference[(mark + 1)..]);
    }
}
