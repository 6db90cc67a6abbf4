using System.Text.RegularExpressions;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Steering;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Steering;

/// <summary>The words of a cell's texts are those of a generation of its own.</summary>
public sealed class GeneratedTextScoreTests
{
    private static readonly string[] s_texts = ["A young salmon is called a", "The company Volvo makes"];
    private static readonly string[] s_words = ["calf", "cub", "cars", "shoes"];
    private LoadedModel _model = null!;

    private SteeringVector _vector = null!;

    [OneTimeSetUp]
    public void Open()
    {
        _model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        var animals = Path.Combine(RepositoryPaths.Root, "examples", "animals.jsonl");
        var examples = SteeringExamples.Read(animals, _model);
        _vector = SteeringTraining.Fit(_model, examples, layers: [3, 4], SteeringMethod.DifferenceOfMeans).Vector;
    }

    [OneTimeTearDown]
    public void Close() => _model.Dispose();

    [TestCase(0, 1, false)]
    [TestCase(1.5, 3, false)]
    [TestCase(0, 1, true)]
    public void Every_cell_counts_the_words_of_a_generation_of_its_own(double temperature, int samples, bool keepsNorm)
    {
        var request = Request(temperature, samples) with { Manner = new SteeringManner { KeepsNorm = keepsNorm } };

        var found = SteeringSearch.Run(_model, request);

        Assert.That(found.Score, Is.EqualTo(SteeringScore.GeneratedText));
        Assert.That(found.Cells, Has.Length.EqualTo(4));
        Assert.That(found.Cells.Select(found.Effect).Max(Math.Abs), Is.GreaterThan(0.01));
        foreach (var cell in found.Cells.Append(found.Unsteered))
        {
            var texts = Alone(request, cell);
            Assert.That(texts, Has.Length.EqualTo(samples * s_texts.Length));
            var words = texts.Select(text => Regex.Matches(text, "[A-Za-z0-9']+").Select(match => match.Value));
            var matched = words.Select(list =>
                list.Count(word => s_words.Contains(word, StringComparer.OrdinalIgnoreCase))
            );
            var share = (double)matched.Sum() / words.Sum(list => list.Count());
            Assert.That(cell.WordShare, Is.EqualTo(share), $"{cell}: {string.Join('|', texts)}");
            Assert.That(
                cell.TextShare,
                Is.EqualTo(matched.Count(count => count > 0) / (double)texts.Length),
                $"{cell}"
            );
        }
    }

    [Test]
    public void A_search_that_was_ended_among_its_texts_goes_on()
    {
        using var folder = new TemporaryFolder();
        var journal = new StudyJournal(folder.File("journal.jsonl"));
        using var stop = new CancellationTokenSource();
        var request = Request(1.5, 2);
        var whole = SteeringSearch.Run(_model, request);
        var counts = new List<SweepProgress>();

        // Five cells of the first prompt, then its ten texts.
        Assert.That(
            () => SteeringSearch.Run(_model, request, new Told(progress => EndAt(progress, 15)), journal, stop.Token),
            Throws.InstanceOf<OperationCanceledException>()
        );
        var rest = SteeringSearch.Run(_model, request, new Told(counts.Add), journal);

        Assert.That(counts.Select(progress => progress.Done), Is.Ordered.And.Some.EqualTo(15));
        Assert.That(counts[^1], Is.EqualTo(new SweepProgress(35, 35)));
        Assert.That((rest.Unsteered, rest.Score), Is.EqualTo((whole.Unsteered, whole.Score)));
        Assert.That(rest.Cells, Is.EqualTo(whole.Cells));
        Assert.That(
            () => SteeringSearch.Run(_model, Request(1.4, 2), null, journal),
            Throws.TypeOf<InterventionException>().With.Message.Contains("another study")
        );

        void EndAt(SweepProgress progress, int done)
        {
            if (progress.Done == done)
                stop.Cancel();
        }
    }

    [Test]
    public void What_cannot_be_generated_is_refused_before_anything_runs()
    {
        var request = Request(0, 1);
        Refused(_model, request with { Generated = request.Generated! with { Samples = 2 } }, "would all be the same");
        Refused(_model, request with { Generated = request.Generated! with { Samples = 0 } }, "1 or more");
        Refused(_model, With(new GenerationOptions { MaximumNewTokens = 0 }), "at least 1");
        Refused(_model, With(new GenerationOptions { StopTexts = [""] }), "stop text is empty");
        using var silent = ReferenceExports.Load("llama/optimum/model.onnx");
        Refused(
            silent,
            request with
            {
                Vector = Steering(silent.Components.Get(0, "block_output").Width),
            },
            "tokenizer"
        );

        SteeringSearchRequest With(GenerationOptions options) =>
            request with
            {
                Generated = request.Generated! with { Options = options },
            };

        static void Refused(LoadedModel model, SteeringSearchRequest request, string message) =>
            Assert.That(
                () => SteeringSearch.Run(model, request, new Told(_ => Assert.Fail("something ran"))),
                Throws.TypeOf<InterventionException>().With.Message.Contains(message)
            );
    }

    private static SteeringVector Steering(int width) =>
        SteeringVector.At(0, NumericArray.Of(Enumerable.Repeat(1f, width).ToArray(), width));

    private SteeringSearchRequest Request(double temperature, int samples) =>
        new()
        {
            Vector = _vector,
            Coefficients = [0.5f, 1],
            Prompts = [.. s_texts.Select(Text)],
            Neutral = [Text("The Space Needle is located in the city of Seattle.")],
            Generated = new GeneratedTextScore
            {
                Bag = BagOfWords.Of(s_words),
                Options = new GenerationOptions
                {
                    MaximumNewTokens = 8,
                    Temperature = temperature,
                    Seed = 5,
                    IgnoresEndOfText = true,
                },
                Samples = samples,
            },
        };

    private StudyPrompt Text(string text) => StudyPrompt.Of(PromptText.Of(text, _model.Tokenizer));

    // One layer's intervention, and all prompts in one generation, each as often as it has samples.
    private string[] Alone(SteeringSearchRequest request, SteeringSearchCell cell)
    {
        var steered = cell.Layer is { } layer ? request.Vector.AtLayers([layer]).Acting(request.Manner) : [];
        using var model = _model.With(new IntervenableConfig { Representations = [.. steered] });
        var texts = model.Generate(
            [.. s_texts.SelectMany(text => Enumerable.Repeat(text, request.Generated!.Samples))],
            request.Generated!.Options,
            settings: new RunSettings { Coefficients = [.. steered.Select(_ => Coefficient.Of(cell.Coefficient))] }
        );
        return [.. texts.Select(text => text.Text!)];
    }

    private sealed class Told(Action<SweepProgress> tell) : IProgress<SweepProgress>
    {
        public void Report(SweepProgress value) => tell(value);
    }
}
