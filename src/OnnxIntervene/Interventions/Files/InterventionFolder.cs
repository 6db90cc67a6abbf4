using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Files;

/// <summary>
/// A folder that holds a configuration and its parameters, in pyvene's layout (its <c>save</c> and <c>load</c>).
/// </summary>
public static class InterventionFolder
{
    internal const string ConfigName = "config.json";
    private static readonly string[] s_endings = [".safetensors", ".bin"];

    /// <summary>Reads a folder. Nothing in it is run.</summary>
    /// <exception cref="ModelFormatException">A file is missing, or not well formed.</exception>
    /// <exception cref="InterventionException">The configuration is none, or parameters do not fit it.</exception>
    public static IntervenableConfig Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var path = Path.Combine(folder, ConfigName);
        if (!File.Exists(path))
            throw new ModelFormatException(
                $"'{folder}' holds no {ConfigName}; a folder of saved interventions has one."
            );
        var boundary = FolderBoundary.Of(folder);
        var json = ConfigReader.Open(boundary.Checked(path));
        var config = ConfigReader.Read(json);
        var keys = Keys(json, config);
        return config with
        {
            Representations =
            [
                .. config.Representations.Select((item, index) => Complete(item, folder, boundary, keys[index])),
            ],
        };
    }

    /// <summary>
    /// Writes a folder; every file or none, however the writing ends. Parameters of an older save that this one does
    /// not have are removed; what else is there stays.
    /// </summary>
    /// <param name="folder">The folder; made when it is missing.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="interventions">The intervention of each representation.</param>
    /// <param name="widths">Elements of a unit of each component; 0 where not known.</param>
    /// <param name="format">In what files the tensors go.</param>
    /// <exception cref="InterventionException">
    /// An intervention is code, or of a kind that pyvene has not and its files are asked for.
    /// </exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Save(
        string folder,
        IntervenableConfig config,
        ImmutableArray<Intervention> interventions,
        ImmutableArray<int> widths,
        InterventionFileFormat format
    ) => Save(folder, config, interventions, widths, format, new Dictionary<string, JsonNode>());

    /// <summary>
    /// Writes a folder whose configuration has further fields: what a run is given besides its inputs.
    /// </summary>
    internal static void Save(
        string folder,
        IntervenableConfig config,
        ImmutableArray<Intervention> interventions,
        ImmutableArray<int> widths,
        InterventionFileFormat format,
        IReadOnlyDictionary<string, JsonNode> fields
    )
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(config);
        var keys = InterventionKeys.Of(config);
        for (var index = 0; index < interventions.Length; index++)
            Check(config.Representations[index], interventions[index], format);
        using var files = new PendingFolder(folder, ConfigName);
        for (var index = 0; index < interventions.Length; index++)
        {
            var (item, intervention) = (config.Representations[index], interventions[index]);
            if (format == InterventionFileFormat.Torch)
                WriteTorch(files, keys[index], item, intervention, widths[index]);
            else
                WriteSafetensors(files, keys[index], item, intervention);
        }

        var text = Encoding.UTF8.GetBytes(ConfigWriter.Write(config, widths, fields));
        files.Write(ConfigName, stream => stream.Write(text));
        foreach (var file in ParameterFiles(folder))
            files.Remove(Path.GetFileName(file));
        files.Commit();
    }

    /// <summary>The files of a folder that hold parameters.</summary>
    internal static IEnumerable<string> ParameterFiles(string folder) =>
        Directory.Exists(folder)
            ? Directory
                .EnumerateFiles(folder, "intkey_*")
                .Where(file => s_endings.Contains(Path.GetExtension(file)))
                .Order(StringComparer.Ordinal)
            : [];

    private static RepresentationConfig Complete(
        RepresentationConfig item,
        string folder,
        FolderBoundary boundary,
        string key
    )
    {
        var file = s_endings
            .Select(ending => Path.Combine(folder, $"intkey_{key}{ending}"))
            .FirstOrDefault(File.Exists);
        if (file is null)
        {
            return item.InterventionType.Parameters.Any(parameter => !parameter.IsOptional)
                ? throw new ModelFormatException(
                    $"{item}: the folder '{folder}' holds neither intkey_{key}.safetensors nor intkey_{key}.bin."
                )
                : item;
        }

        try
        {
            var (intervention, source) = InterventionState.Read(item.InterventionType, Tensors(boundary.Checked(file)));
            return item with
            {
                Intervention = intervention,
                SourceRepresentation = source is null
                    ? item.SourceRepresentation
                    : FiniteArray.Of(source, $"'{file}': 'source_representation'"),
            };
        }
        catch (InterventionException fault)
        {
            throw new InterventionException($"'{file}': {fault.Message}", fault);
        }
    }

    private static Dictionary<string, NumericArray> Tensors(string file)
    {
        if (file.EndsWith(".bin", StringComparison.Ordinal))
            return TorchFile.Read(file).ToDictionary(entry => entry.Key, entry => entry.Value.Array);
        var open = SafetensorsFile.Open(file);
        return open.Names.ToDictionary(name => name, open.Read);
    }

    // Files have the keys of the version of pyvene that wrote them.
    private static ImmutableArray<string> Keys(JsonPlace root, IntervenableConfig config)
    {
        if (root.Find("sorted_keys") is not { } list)
            return InterventionKeys.Of(config);
        if (!list.IsList || list.Count != config.Representations.Length)
            throw list.Expected($"a list with a key for each of the {config.Representations.Length} representations");
        return [.. list.Items().Select(Key)];
    }

    private static string Key(JsonPlace place) =>
        place.Text("a part of a file's name") is var key && IsName(key)
            ? key
            : throw new ModelFormatException(place.Fault($"{place.Shown} is not part of a file's name").Message);

    private static bool IsName(string key) =>
        key.Length is > 0 and < 200
        && !key.AsSpan().ContainsAny(['/', '\\', ':', '\0'])
        && !key.Contains("..", StringComparison.Ordinal);

    private static void Check(RepresentationConfig item, Intervention intervention, InterventionFileFormat format)
    {
        if (intervention.Type.Create is null)
            throw new InterventionException(
                $"{item} is code, which no file holds; leave it out and give it again after loading."
            );
        if (format == InterventionFileFormat.Torch && !intervention.HasPlaceInPyvenesFiles)
            throw new InterventionException(
                $"{item}: pyvene's files have no place for {intervention}; save as safetensors."
            );
    }

    // pyvene writes a file where there is something to keep.
    private static void WriteTorch(
        PendingFolder files,
        string key,
        RepresentationConfig item,
        Intervention intervention,
        int width
    )
    {
        if (!intervention.Type.HasParameters && item.SourceRepresentation is null)
            return;
        var name = $"intkey_{key}.bin";
        var size = SizeProduct.ToSize($"{item}: the width of its units", width, item.MaxNumberOfUnits);
        var state = InterventionState.Write(intervention, item.SourceRepresentation, size);
        files.Write(name, stream => TorchFile.Write(stream, name, state));
    }

    private static void WriteSafetensors(
        PendingFolder files,
        string key,
        RepresentationConfig item,
        Intervention intervention
    )
    {
        var tensors = intervention.Parameters;
        if (item.SourceRepresentation is { } source)
            tensors = tensors.SetItem("source_representation", source);
        if (!tensors.IsEmpty)
            files.Write($"intkey_{key}.safetensors", stream => SafetensorsFile.Write(stream, tensors));
    }
}
