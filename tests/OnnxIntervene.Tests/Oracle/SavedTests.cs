using System.Text.Json;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Json;

namespace OnnxIntervene.Tests.Oracle;

/// <summary>
/// Folders that pyvene's save wrote give the stored logits, on every export, and again after they were saved here.
/// </summary>
[Category("Oracle")]
public sealed class SavedTests
{
    private const double Tolerance = 2e-4;

    public static IEnumerable<TestCaseData> Cases() =>
        ReferenceFamily
            .All(RepositoryPaths.References)
            .Where(family => File.Exists(Path.Combine(Folder(family), "saved.json")))
            .SelectMany(family =>
                Items(family)
                    .SelectMany(item =>
                        family.Exports.Select(export =>
                            new TestCaseData(family, export, item).SetArgDisplayNames(
                                family.Name,
                                export.Name,
                                item.GetProperty("name").GetString()!
                            )
                        )
                    )
            );

    [TestCaseSource(nameof(Cases))]
    public void A_folder_of_pyvenes_gives_the_stored_logits(
        ReferenceFamily family,
        ReferenceExport export,
        JsonElement item
    )
    {
        var saved = Path.Combine(Folder(family), item.GetProperty("directory").GetString()!);
        using var own = new TemporaryFolder();
        using var torch = new TemporaryFolder();
        // Folders that hold the same interventions share the model's sessions.
        using var loaded = LoadedModel.Load(export.ModelPath, new ExecutionOptions { Threads = 1 });
        using var model = loaded.With(InterventionFolder.Load(saved));
        model.Save(own.Path);
        model.Save(torch.Path, InterventionFileFormat.Torch);

        var difference = Judge(model, family, item, export);

        Assert.That(difference, Is.LessThanOrEqualTo(Tolerance + export.Difference));
        foreach (var folder in new[] { own.Path, torch.Path })
        {
            using var again = loaded.With(InterventionFolder.Load(folder));
            Assert.That(
                Judge(again, family, item, export),
                Is.LessThanOrEqualTo(Tolerance + export.Difference),
                folder
            );
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void What_is_saved_in_pyvenes_layout_has_its_keys_files_and_types(
        ReferenceFamily family,
        ReferenceExport export,
        JsonElement item
    )
    {
        var saved = Path.Combine(Folder(family), item.GetProperty("directory").GetString()!);
        using var folder = new TemporaryFolder();
        using var model = IntervenableModel.LoadFolder(export.ModelPath, saved);
        model.Save(folder.Path, InterventionFileFormat.Torch);
        using var written = JsonDocument.Parse(File.ReadAllText(folder.File("config.json")));
        using var original = JsonDocument.Parse(File.ReadAllText(Path.Combine(saved, "config.json")));

        Assert.That(
            Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(),
            Is.EqualTo(Directory.GetFiles(saved).Select(Path.GetFileName).Order())
        );
        foreach (
            var name in new[]
            {
                "intervention_constant_sources",
                "intervention_dimensions",
                "intervention_types",
                "mode",
                "sorted_keys",
            }
        )
            Assert.That(Compact(written, name), Is.EqualTo(Compact(original, name)), name);
        foreach (var file in Directory.GetFiles(saved, "*.bin"))
        {
            var (expected, actual) = (TorchFile.Read(file), TorchFile.Read(folder.File(Path.GetFileName(file))));
            Assert.That(Show(actual), Is.EqualTo(Show(expected)));
        }
    }

    private static IEnumerable<string> Show(OrderedDictionary<string, TorchTensor> tensors) =>
        tensors.Select(entry => $"{entry.Key} {entry.Value.ElementType} {entry.Value.Array}");

    private static string Compact(JsonDocument json, string name) =>
        JsonSerializer.Serialize(json.RootElement.GetProperty(name));

    private static double Judge(
        IntervenableModel model,
        ReferenceFamily family,
        JsonElement item,
        ReferenceExport export
    )
    {
        var tensors = SafetensorsFile.Open(Path.Combine(Folder(family), "saved.safetensors"));
        var locations = item.GetProperty("unit_locations");
        var result = model.Run(
            Inputs(tensors.Read("base")),
            [Inputs(tensors.Read("source"))],
            new UnitLocations(
                UnitLocationsReader.Side(Places.Of(locations.GetProperty("sources")), model.Config),
                UnitLocationsReader.Side(Places.Of(locations.GetProperty("base")), model.Config)
            ),
            new RunSettings
            {
                OutputOriginalOutput = true,
                Subspaces = SubspacesReader.Read(Places.Of(item.GetProperty("subspaces")), model.Config),
            }
        );
        var effect = Difference.Largest(result.Intervened.Logits.Floats, result.Original!.Logits.Floats);
        Assert.That(effect, Is.GreaterThanOrEqualTo(item.GetProperty("effect").GetDouble() / 2), export.Name);
        return Difference.Largest(
            result.Intervened.Logits.Floats,
            tensors.Read(item.GetProperty("logits").GetString()!).Floats
        );
    }

    private static ModelInputs Inputs(NumericArray tokens) =>
        new(
            System.Collections.Immutable.ImmutableDictionary<string, NumericArray>.Empty.Add(
                ModelInputs.TokenInput,
                tokens
            )
        );

    private static string Folder(ReferenceFamily family) =>
        Path.Combine(RepositoryPaths.References, "families", family.Name);

    private static List<JsonElement> Items(ReferenceFamily family)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(family), "saved.json")));
        return [.. json.RootElement.GetProperty("cases").EnumerateArray().Select(item => item.Clone())];
    }
}
