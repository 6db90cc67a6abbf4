using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.IR;

namespace OnnxIntervene.Planning.Files;

/// <summary>
/// A configuration with what one run of it needs, in one of two forms: the short one
/// (<c>schemas/interventions.schema.json</c>), or pyvene's <c>config.json</c> with, in addition to its fields,
/// <c>unit_locations</c>, <c>subspaces</c>, <c>coefficients</c> (a number for each intervention, or a list with one for
/// each example), <c>source_representations</c> (for each intervention null, an array, or
/// <c>"file.safetensors#name"</c> relative to the file) and <c>parameters</c> (for each intervention null, an object of
/// arrays, or <c>"file.safetensors#prefix"</c>); in place of <c>representations</c>, <c>saved</c> may name a folder of
/// saved interventions beside the file.
/// </summary>
/// <param name="Config">The interventions.</param>
/// <param name="UnitLocations">Where they read and write; null for everywhere.</param>
/// <param name="Settings">Coefficients, subspaces and constant sources.</param>
public sealed record RunFile(IntervenableConfig Config, UnitLocations? UnitLocations, RunSettings Settings)
{
    private const long LargestFile = 64L << 20;

    /// <summary>Reads a file of either form, or a folder of saved interventions.</summary>
    /// <exception cref="InterventionException">
    /// The file is not a configuration; the message names the place in it.
    /// </exception>
    /// <exception cref="ModelFormatException">
    /// A file of constant sources is not well formed.
    /// </exception>
    public static RunFile Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
            return new RunFile(InterventionFolder.Load(path), null, new RunSettings { OutputOriginalOutput = true });
        if (!File.Exists(path))
            throw new InterventionException($"There is no configuration '{path}'.");
        if (new FileInfo(path).Length > LargestFile)
            throw new InterventionException($"The configuration '{path}' is larger than {LargestFile} bytes.");
        using var json = ConfigReader.Parse(File.ReadAllText(path));
        var files = new ParameterFiles(path);
        var isShort =
            json.RootElement.ValueKind == JsonValueKind.Object
            && json.RootElement.TryGetProperty("interventions", out _);
        return isShort ? new ShortForm(files).Read(json.RootElement) : Read(json.RootElement, files);
    }

    private static RunFile Read(JsonElement root, ParameterFiles files)
    {
        var config = Interventions(root, files);
        if (Entries(root, "parameters") is { } parameters)
        {
            if (parameters.Length != config.Representations.Length)
                throw ConfigField.Fault(
                    "$.parameters",
                    $"{parameters.Length} entries for {config.Representations.Length} interventions"
                );
            config = config with
            {
                Representations =
                [
                    .. config.Representations.Zip(parameters, (item, entry) => WithParameters(item, entry, files)),
                ],
            };
        }

        return new RunFile(
            config,
            root.TryGetProperty("unit_locations", out var units) ? UnitLocationsReader.Read(units, config) : null,
            new RunSettings
            {
                Coefficients = Coefficients(root),
                SourceRepresentations = Entries(root, "source_representations") is { } sources
                    ?
                    [
                        .. sources.Select(
                            (item, index) =>
                                item.ValueKind == JsonValueKind.Null
                                    ? null
                                    : files.Array(item, $"$.source_representations[{index}]")
                        ),
                    ]
                    : [],
                Subspaces = root.TryGetProperty("subspaces", out var subspaces)
                    ? SubspacesReader.Read(subspaces, config)
                    : Subspaces.Whole,
                OutputOriginalOutput = true,
            }
        );
    }

    private static IntervenableConfig Interventions(JsonElement root, ParameterFiles files)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("saved", out var saved))
            return ConfigReader.Read(root);
        if (root.TryGetProperty("representations", out _))
            throw ConfigField.Fault("$.saved", "the folder holds the representations; leave the others out");
        return saved.ValueKind == JsonValueKind.String
            ? InterventionFolder.Load(files.Inside(saved.GetString()!, "$.saved"))
            : throw ConfigField.Fault("$.saved", $"the name of a folder is expected, not {saved}");
    }

    private static RepresentationConfig WithParameters(
        RepresentationConfig item,
        JsonElement parameters,
        ParameterFiles files
    ) =>
        parameters.ValueKind == JsonValueKind.Null
            ? item
            : item with
            {
                Intervention = files.Intervention(parameters, item.InterventionType, "$.parameters"),
            };

    private static JsonElement[]? Entries(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var json) || json.ValueKind == JsonValueKind.Null)
            return null;
        return json.ValueKind == JsonValueKind.Array
            ? [.. json.EnumerateArray()]
            : throw ConfigField.Fault($"$.{name}", "a list with an entry for each intervention is expected");
    }

    private static ImmutableArray<Coefficient> Coefficients(JsonElement root)
    {
        if (!root.TryGetProperty("coefficients", out var json) || json.ValueKind == JsonValueKind.Null)
            return [];
        if (json.ValueKind == JsonValueKind.Number)
            return [Coefficient.Of(json.GetSingle())];
        if (json.ValueKind != JsonValueKind.Array)
            throw ConfigField.Fault("$.coefficients", "a number or a list is expected");
        return
        [
            .. json.EnumerateArray()
                .Select(
                    (item, index) =>
                        item.ValueKind switch
                        {
                            JsonValueKind.Number => Coefficient.Of(item.GetSingle()),
                            JsonValueKind.Array when item.GetArrayLength() > 0 => Coefficient.PerExample(
                                ConfigField.Floats(item, $"$.coefficients[{index}]")
                            ),
                            _ => throw ConfigField.Fault(
                                $"$.coefficients[{index}]",
                                "a number, or a list with one for each example, is expected"
                            ),
                        }
                ),
        ];
    }
}
