using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Generation;

/// <summary>Greedy generation under interventions is torch's, token for token, with a cache and without.</summary>
public sealed class GenerationReferenceTests
{
    private const int NewTokens = 12;
    private const double Tolerance = 2e-4;
    private static readonly string[] s_cases =
    [
        "plain",
        "add-everywhere/2",
        "add-everywhere/-2",
        "add-decode-only",
        "add-prompt-position-3",
        "swap-prompt-position-5",
        "zero-mlp-everywhere",
    ];

    [Test]
    [Category("Oracle")]
    public void GeneratesWhatTorchGenerates([ValueSource(nameof(Exports))] string export, [Values] bool usesCache)
    {
        var file = SafetensorsFile.Open(Path.Combine(FamilyOf(export), "generation.safetensors"));
        using var model = ReferenceExports.Load(export);
        Assert.Multiple(() =>
        {
            foreach (var name in s_cases)
                Compare(Generate(model, name, file, usesCache), name, file);
        });
    }

    private static IEnumerable<string> Exports() =>
        ReferenceExports
            .LanguageModels()
            .Where(export => File.Exists(Path.Combine(FamilyOf(export), "generation.json")));

    private static string FamilyOf(string export) =>
        Path.Combine(RepositoryPaths.References, "families", export.Split(Path.DirectorySeparatorChar)[0]);

    private static ImmutableArray<GeneratedText> Generate(
        LoadedModel loaded,
        string name,
        SafetensorsFile file,
        bool usesCache
    )
    {
        var (config, schedule) = Meaning(name, file);
        var location = name.Split('-')[^1] switch
        {
            "3" => UnitLocations.SourcesToBase(3),
            "5" => UnitLocations.SourcesToBase(5),
            _ => null,
        };
        using var model = loaded.With(config);
        return model.Generate(
            Inputs(file.Read("prompt")),
            new GenerationOptions
            {
                MaximumNewTokens = NewTokens,
                IgnoresEndOfText = true,
                OutputScores = true,
                UsesCache = usesCache,
                Schedules = schedule is null ? [] : [schedule],
            },
            name.StartsWith("swap", StringComparison.Ordinal) ? [Inputs(file.Read("source"))] : null,
            location,
            new RunSettings { Coefficients = CoefficientsOf(name) }
        );
    }

    private static ImmutableArray<Coefficient> CoefficientsOf(string name) =>
        name.StartsWith("add-everywhere/", StringComparison.Ordinal)
            ? [Coefficient.Of(float.Parse(name.Split('/')[1], CultureInfo.InvariantCulture))]
        : name.StartsWith("add", StringComparison.Ordinal) ? [Coefficient.Of(2)]
        : [];

    private static (IntervenableConfig Config, InterventionSchedule? Schedule) Meaning(
        string name,
        SafetensorsFile file
    ) =>
        name.Split('-')[0] switch
        {
            "plain" => (new IntervenableConfig { Representations = [] }, null),
            "add" => (
                Config("block_output", InterventionType.Addition, file.Read("vector")),
                name == "add-decode-only" ? new InterventionSchedule { Phase = GenerationPhase.Generated } : null
            ),
            "swap" => (Config("block_output", InterventionType.Vanilla, null), null),
            "zero" => (Config("mlp_output", InterventionType.Zero, null), null),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
        };

    private static IntervenableConfig Config(string component, InterventionType type, NumericArray? source) =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = 1,
                    Component = component,
                    InterventionType = type,
                    SourceRepresentation = source,
                },
            ],
        };

    private static ModelInputs Inputs(NumericArray tokens) =>
        new(ImmutableDictionary<string, NumericArray>.Empty.Add(ModelInputs.TokenInput, tokens));

    private static void Compare(ImmutableArray<GeneratedText> texts, string name, SafetensorsFile file)
    {
        var expected = file.Read($"{name}/tokens");
        for (var row = 0; row < texts.Length; row++)
        {
            var text = texts[row];
            Assert.That(
                text.Prompt.Concat(text.Tokens).Select(token => (long)token),
                Is.EqualTo(expected.Row(row).Integers.ToArray()),
                $"{name}, row {row}"
            );
            if (!file.Names.Contains($"{name}/first_scores"))
                continue;
            AssertClose(text.Scores[0], file.Read($"{name}/first_scores").Row(row), $"{name}, row {row}, first");
            AssertClose(text.Scores[^1], file.Read($"{name}/last_scores").Row(row), $"{name}, row {row}, last");
        }
    }

    private static void AssertClose(float[] scores, NumericArray expected, string what)
    {
        var difference = scores.Zip(expected.Floats.ToArray(), (left, right) => Math.Abs(left - right)).Max();
        Assert.That(difference, Is.LessThanOrEqualTo(Tolerance), what);
    }
}
