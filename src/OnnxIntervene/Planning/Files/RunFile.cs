using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

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
    /// <summary>The files that all this was read from: the configuration, and those beside it that it names.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

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
            return ReadFolder(path);
        if (!File.Exists(path))
            throw new InterventionException($"There is no configuration '{path}'.");
        var json = ConfigReader.Open(path);
        var files = new ParameterFiles(path);
        var read = json["interventions"].IsMissing
            ? Read(json, files, Interventions(json, files))
            : new ShortForm(files).Read(json);
        return read with { Files = [path, .. read.Files.Union(files.Opened)] };
    }

    /// <summary>
    /// The same, and after it interventions that have neither places nor sources nor coefficients, such as Collect
    /// everywhere.
    /// </summary>
    /// <exception cref="InterventionException">
    /// The configuration is a chain, in which each intervention is one of its stages.
    /// </exception>
    public RunFile Followed(ImmutableArray<RepresentationConfig> further)
    {
        var (count, groups) = (Config.Representations.Length, SourceGroups.Of(Config));
        if (Config.Mode == InterventionMode.Serial && !groups.AreGiven && count > 1 && !further.IsEmpty)
            throw new InterventionException(
                "In a chain (mode serial) each intervention is a stage; give its interventions group keys, so that "
                    + "others can go along with the last."
            );
        var lastGroup = groups.AreGiven ? Config.Representations.Max(item => item.GroupKey) : null;
        ImmutableArray<T> With<T>(Func<int, T> own, T none) =>
            [.. Enumerable.Range(0, count).Select(own), .. further.Select(_ => none)];
        return new RunFile(
            Config with
            {
                Representations =
                [
                    .. Config.Representations,
                    .. further.Select(item => item with { GroupKey = lastGroup }),
                ],
            },
            UnitLocations is null
                ? null
                : new UnitLocations(With(UnitLocations.SourceOf, null), With(UnitLocations.BaseOf, null)),
            Settings with
            {
                Coefficients = With(Settings.CoefficientOf, Coefficient.One),
                SourceRepresentations = Settings.SourceRepresentations.IsEmpty
                    ? []
                    : With(index => Settings.SourceRepresentations[index], null),
                Subspaces = new Subspaces(With(Settings.Subspaces.RowsOf, null)),
            }
        )
        {
            Files = Files,
        };
    }

    private static RunFile ReadFolder(string folder)
    {
        var config = InterventionFolder.Load(folder);
        var path = Path.Combine(folder, InterventionFolder.ConfigName);
        var files = new ParameterFiles(path);
        var read = Read(ConfigReader.Open(path), files, Of(config));
        return read with { Files = [path, .. InterventionFolder.ParameterFiles(folder).Union(files.Opened)] };
    }

    private static RunFile Of(IntervenableConfig config) =>
        new(config, null, new RunSettings { OutputOriginalOutput = true });

    private static RunFile Read(JsonPlace root, ParameterFiles files, RunFile start)
    {
        var config = start.Config;
        if (Entries(root, "parameters") is { } parameters)
        {
            if (parameters.Length != config.Representations.Length)
                throw root["parameters"]
                    .Fault($"{parameters.Length} entries for {config.Representations.Length} interventions");
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
            Locations(root["unit_locations"], config) ?? start.UnitLocations,
            start.Settings with
            {
                Coefficients = root.Find("coefficients") is null
                    ? start.Settings.Coefficients
                    : Coefficients(root, config),
                SourceRepresentations = Entries(root, "source_representations") is { } sources
                    ? [.. sources.Select(item => item.IsNothing ? null : files.Array(item))]
                    : start.Settings.SourceRepresentations,
                Subspaces = root.Find("subspaces") is { } subspaces
                    ? SubspacesReader.Read(subspaces, config)
                    : start.Settings.Subspaces,
            }
        )
        {
            Files = start.Files,
        };
    }

    private static UnitLocations? Locations(JsonPlace place, IntervenableConfig config) =>
        place.IsMissing ? null : UnitLocationsReader.Read(place, config);

    // What the run's file says besides, it says in place of the folder.
    private static RunFile Interventions(JsonPlace root, ParameterFiles files)
    {
        var saved = root["saved"];
        if (saved.IsMissing)
            return Of(ConfigReader.Read(root));
        if (!root["representations"].IsMissing)
            throw saved.Fault("the folder holds the representations; leave the others out");
        return ReadFolder(files.Inside(saved));
    }

    private static RepresentationConfig WithParameters(
        RepresentationConfig item,
        JsonPlace parameters,
        ParameterFiles files
    ) =>
        parameters.IsNothing
            ? item
            : item with
            {
                Intervention = files.Intervention(parameters, item.InterventionType),
            };

    private static JsonPlace[]? Entries(JsonPlace root, string name) =>
        root.Find(name) is { } list ? [.. list.Items("a list with an entry for each intervention")] : null;

    private static ImmutableArray<Coefficient> Coefficients(JsonPlace root, IntervenableConfig config)
    {
        var place = root["coefficients"];
        if (place.IsNumber)
            return [OneCoefficient(place)];
        JsonPlace[] items = [.. place.Items("a number or a list")];
        var coefficients = items.Select(OneCoefficient).ToImmutableArray();
        for (var index = 0; index < Math.Min(items.Length, config.Representations.Length); index++)
        {
            var type = config.Representations[index].InterventionType;
            if (items.Length > 1 && !coefficients[index].IsOne && !type.HasCoefficient)
                throw items[index].Fault($"the kind {type} takes no coefficient");
        }

        return coefficients;
    }

    private static Coefficient OneCoefficient(JsonPlace place) =>
        place.IsNumber ? Coefficient.Of(place.Single())
        : place.IsList && place.Count > 0 ? Coefficient.PerExample(JsonArrays.Floats(place))
        : throw place.Expected("a number, or a list with one for each example,");
}
