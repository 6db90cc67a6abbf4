using Microsoft.Extensions.AI;
using OnnxIntervene.CausalModels;
using OnnxIntervene.Chat;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Steering;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Templates;
using OnnxIntervene.Testing;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Tests.Repository;

/// <summary>The README's example is code that runs, word for word.</summary>
public sealed class ReadmeTests
{
    private static readonly string s_readme = File.ReadAllText(Path.Combine(RepositoryPaths.Root, "README.md"));

    [Test]
    [NonParallelizable]
    public void The_examples_run_and_show_what_the_readme_says()
    {
        Shows(Example);
        Shows(Study);
        Shows(Alignment);
        Shows(Causal);
        Shows(Generated);
        Shows(() => Conversation().GetAwaiter().GetResult());
    }

    private static void Shows(Action example)
    {
        Directory.SetCurrentDirectory(RepositoryPaths.Root);
        var shown = new StringWriter();
        var console = Console.Out;
        Console.SetOut(shown);
        try
        {
            example();
        }
        finally
        {
            Console.SetOut(console);
        }

        Assert.That(s_readme, Does.Contain(shown.ToString().ReplaceLineEndings("\n").TrimEnd()));
    }

    [Test]
    public void The_readme_shows_this_very_code()
    {
        var parts = File.ReadAllText(
                Path.Combine(RepositoryPaths.Root, "tests", "OnnxIntervene.Tests", "Repository", "ReadmeTests.cs")
            )
            .Split("// example");
        foreach (var source in new[] { parts[^12], parts[^10], parts[^8], parts[^6], parts[^4], parts[^2] })
        {
            var lines = source
                .Split('\n')
                .Select(line => line.StartsWith("        ", StringComparison.Ordinal) ? line[8..] : line);

            Assert.That(s_readme, Does.Contain(string.Join('\n', lines).Trim()));
        }
    }

    [TestCase("examples/swap.json")]
    [TestCase("examples/steer.json")]
    [TestCase("examples/rotate.json")]
    [TestCase("examples/pairs.jsonl")]
    [TestCase("schemas/interventions.schema.json")]
    [TestCase("docs/trace-block_output.png")]
    [TestCase("docs/patch-normalized.png")]
    [TestCase("docs/das-iia.png")]
    [TestCase("examples/agreement.json")]
    [TestCase("examples/animals.jsonl")]
    [TestCase("examples/joy.jsonl")]
    [TestCase("examples/joy.txt")]
    [TestCase("examples/openings.jsonl")]
    [TestCase("examples/neutral.txt")]
    public void What_the_readme_names_is_there(string path)
    {
        Assert.That(s_readme, Does.Contain(path));
        Assert.That(File.Exists(Path.Combine(RepositoryPaths.Root, path)));
    }

    [Test]
    public void The_configurations_in_the_readme_are_the_example_files()
    {
        foreach (var name in new[] { "steer.json", "rotate.json" })
            Assert.That(
                s_readme,
                Does.Contain(File.ReadAllText(Path.Combine(RepositoryPaths.Root, "examples", name)).Trim())
            );
    }

    private static void Example()
    {
        // example
        using var model = IntervenableModel.Load(
            "models/facts-gpt2",
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = 1,
                        Component = "block_output",
                        InterventionType = InterventionType.Vanilla,
                    },
                ],
            }
        );

        var result = model.Run(
            @base: model.Tokenize("The company Adidas makes"),
            sources: [model.Tokenize("The company Volvo makes")],
            unitLocations: UnitLocations.SourcesToBase(UnitLocation.At(3, 4, 5))
        );

        Console.WriteLine(model.TopTokens(result.Intervened, 3));
        // example
    }

    private static void Generated()
    {
        // example
        using var model = IntervenableModel.Load(
            "models/facts-gpt2",
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = 0,
                        Component = "block_output",
                        InterventionType = InterventionType.Vanilla,
                    },
                ],
            }
        );

        var texts = model.Generate(
            ["A young salmon is called a"],
            sources: [model.Tokenize("A young elephant is called a")],
            unitLocations: UnitLocations.SourcesToBase(UnitLocation.At(3, 4))
        );

        Console.WriteLine(texts[0].Text);
        // example
    }

    private static void Study()
    {
        // example
        using var model = LoadedModel.Load("models/facts-gpt2");

        var result = PatchSweep.Run(
            model,
            new PatchSweepRequest
            {
                Prompts = StudyPromptFile.Read("examples/pairs.jsonl", model),
                PositionNames = ["subject", "last"],
                Metrics = [Metric.LogitDifference, Metric.Divergence],
            }
        );

        var grid = result.Denoised(grid: 0);
        Console.WriteLine($"{grid.Mean[0, 0]:F2} ± {grid.StandardError[0, 0]:F2} restored at the subject, layer 0");
        // example
    }

    private static void Alignment()
    {
        // example
        using var model = IntervenableModel.Load(
            "models/facts-gpt2",
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = 1,
                        Component = "block_output",
                        InterventionType = InterventionType.LowRankRotatedSpace,
                        LowRankDimension = 4,
                    },
                ],
            }
        );
        string[] nouns = ["key", "letter", "cup", "book", "keys", "letters", "cups", "books"];
        string[] places = ["map", "ticket", "maps", "tickets"];
        var random = new Random(1);
        var (singular, plural) = (model.Tokenizer.FindToken(" is")!.Value, model.Tokenizer.FindToken(" are")!.Value);
        var training = new TrainingSet(Enumerable.Range(0, 320).Select(_ => Counterfactual()));
        var heldOut = new TrainingSet(Enumerable.Range(0, 100).Select(_ => Counterfactual()));
        using var trainer = new Trainer(model, new TrainingOptions { Optimizer = new Adam(0.01) });

        Console.WriteLine($"interchange accuracy before: {trainer.Evaluate(heldOut).Accuracy:P0}");
        trainer.Fit(training, new FitOptions { Epochs = 2, BatchSize = 16 });
        Console.WriteLine($"after: {trainer.Evaluate(heldOut).Accuracy:P0}");

        var folder = Path.Combine(Path.GetTempPath(), "number-of-the-noun");
        trainer.ToModel().Save(folder);
        using var again = IntervenableModel.LoadFolder("models/facts-gpt2", folder);
        var file = Path.Combine(folder, "model.onnx");
        SplicedModelFile.Write(again.Splice(), again.Interventions, file, copiesWeights: true);

        // The verb must agree with the noun of the source, which is token 2 after the beginning of the text and "The".
        TrainingExample Counterfactual()
        {
            var (noun, source) = (random.Next(nouns.Length), random.Next(nouns.Length));
            return new TrainingExample(Text(noun), [Text(source)], source < 4 ? singular : plural)
            {
                UnitLocations = UnitLocations.SourcesToBase(2),
            };
        }

        ModelInputs Text(int noun) =>
            model.Tokenize($"The {nouns[noun]} near the {places[random.Next(places.Length)]}");
        // example
    }

    private static void Causal()
    {
        // example
        var causal = new CausalModel(
            CausalVariable.Input("a", CausalValue.Range(0, 9)),
            CausalVariable.Input("b", CausalValue.Range(0, 9)),
            CausalVariable.Computed("less", CausalValue.Truths, ["a", "b"], CausalFunctions.Less),
            CausalVariable.Computed("out", CausalValue.Truths, ["less"], parents => !parents[0].IsTrue)
        );

        var swapped = causal.RunInterchange(
            CausalSetting.Of(("a", 2), ("b", 5)),
            new Dictionary<string, CausalSetting> { ["less"] = CausalSetting.Of(("a", 9), ("b", 0)) }
        );

        Console.WriteLine(swapped);
        // example
    }

    private static async Task Conversation()
    {
        // example
        using var model = LoadedModel.Load("models/facts-gpt2");
        var land = SteeringTraining.Fit(
            model,
            SteeringExamples.Read("examples/animals.jsonl", model),
            layers: [4],
            SteeringMethod.DifferenceOfMeans
        );
        using IChatClient client = new SteeredChatClient(
            model,
            new SteeredChatOptions
            {
                Vectors = new Dictionary<string, SteeringVector> { ["land"] = land.Vector },
                // A model that is made for conversations has a template of its own beside it.
                Format = new ChatFormat(ChatTemplate.Parse("{{ messages[-1].content }}")) { AddsSpecialTokens = true },
            }
        );

        foreach (var coefficient in new[] { 0f, 1f })
        {
            var options = new ChatOptions().Steer("land", coefficient);
            Console.WriteLine(await client.GetResponseAsync("A young salmon is called a", options));
        }
        // example
    }
}
