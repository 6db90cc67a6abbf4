using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Steering;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Steering;

/// <summary>A cell of a search is what a run of its own layer and coefficient gives.</summary>
public sealed class SteeringSearchTests
{
    private const int Word = 7;
    private LoadedModel _model = null!;

    [OneTimeSetUp]
    public void Open() => _model = ReferenceExports.Load("llama/optimum/model.onnx");

    [OneTimeTearDown]
    public void Close() => _model.Dispose();

    [TestCase(false)]
    [TestCase(true)]
    public void Every_cell_is_a_run_of_its_own(bool keepsNorm)
    {
        var request = Request() with { Manner = new SteeringManner { KeepsNorm = keepsNorm } };

        var found = SteeringSearch.Run(_model, request);

        Assert.That(found.Cells.Select(cell => (cell.Layer, cell.Coefficient)), Is.EqualTo(Expected()));
        Assert.That(found.Cells.Select(found.Effect).Max(Math.Abs), Is.GreaterThan(1e-3));
        Assert.That(found.Cost(found.Unsteered), Is.EqualTo(1));
        foreach (var cell in found.Cells.Append(found.Unsteered))
        {
            var (projection, probability, perplexity) = Alone(request, cell);
            Assert.That(cell.Projection, Is.EqualTo(projection).Within(1e-4), $"{cell}");
            Assert.That(cell.WordProbability, Is.EqualTo(probability).Within(1e-5), $"{cell}");
            Assert.That(cell.Perplexity, Is.EqualTo(perplexity).Within(1e-4 * perplexity), $"{cell}");
        }

        static IEnumerable<(int?, float)> Expected() =>
            from layer in new int?[] { 0, 1 }
            from coefficient in new[] { -2f, 3 }
            select (layer, coefficient);
    }

    [Test]
    public void A_search_that_was_ended_goes_on()
    {
        using var folder = new TemporaryFolder();
        var journal = new StudyJournal(folder.File("journal.jsonl"));
        using var stop = new CancellationTokenSource();
        var ending = new Telling(progress =>
        {
            if (progress.Done > 0)
                stop.Cancel();
        });
        var whole = SteeringSearch.Run(_model, Request());

        Assert.That(
            () => SteeringSearch.Run(_model, Request(), ending, journal, stop.Token),
            Throws.InstanceOf<OperationCanceledException>()
        );
        var first = -1;
        var rest = SteeringSearch.Run(
            _model,
            Request(),
            new Telling(progress =>
            {
                first = first < 0 ? progress.Done : first;
            }),
            journal
        );

        Assert.That(first, Is.EqualTo(5), "the cells of the first prompt");
        Assert.That(rest.Cells, Is.EqualTo(whole.Cells));
        Assert.That(
            () => SteeringSearch.Run(_model, Request() with { Words = [3] }, null, journal),
            Throws.TypeOf<InterventionException>().With.Message.Contains("another study")
        );
    }

    [Test]
    public void The_best_cell_costs_no_more_than_is_allowed()
    {
        SteeringSearchCell[] cells =
        [
            new(0, 1, 0, 0.2, 11),
            new(0, 2, 0, 0.9, 40),
            new(1, 1, 0, 0.4, 14),
            new(1, 2, 0, 0.6, double.PositiveInfinity),
        ];
        var found = new SteeringSearchResult(
            new(null, 0, 0, 0.1, 10),
            [0, 1],
            [1, 2],
            [.. cells],
            SteeringScore.NextToken,
            1
        );

        Assert.That(found.Best(1.5), Is.EqualTo(cells[2]));
        Assert.That(found.Best(5), Is.EqualTo(cells[1]));
        Assert.That(found.Best(5, layer: 1), Is.EqualTo(cells[2]));
        Assert.That(found.Best(1), Is.Null);
        Assert.That(found.Effect(cells[2]), Is.EqualTo(0.3).Within(1e-9));
    }

    [Test]
    public void What_cannot_be_searched_is_refused()
    {
        Refused(Request() with { Coefficients = [1, float.NaN] }, "finite");
        Refused(Request() with { Coefficients = [] }, "coefficients");
        Refused(Request() with { Manner = new SteeringManner { Clamp = (0, 1) } }, "no coefficient");
        Refused(Request() with { Neutral = [Text(3)] }, "two tokens");
        Refused(Request() with { Words = [100_000] }, "no token");
        Refused(Request() with { Vector = SteeringVector.At(1, NumericArray.Of(new float[3], 3)) }, "3 wide");

        void Refused(SteeringSearchRequest request, string message) =>
            Assert.That(
                () => SteeringSearch.Run(_model, request),
                Throws.TypeOf<InterventionException>().With.Message.Contains(message)
            );
    }

    private static StudyPrompt Text(params int[] ids) => StudyPrompt.Of(PromptText.OfIds(ids));

    private SteeringSearchRequest Request()
    {
        var width = _model.Components.Get(0, SteeringVector.Stream).Width;
        return new SteeringSearchRequest
        {
            Vector = new SteeringVector(
                SteeringVector.Stream,
                ImmutableSortedDictionary<int, NumericArray>.Empty.Add(0, Direction(1)).Add(1, Direction(2))
            ),
            Coefficients = [-2, 3],
            Prompts = [Text(5, 9, 23), Text(4, 8, 15, 16)],
            Neutral = [Text(3, 60, 12, 33, 8), Text(19, 2)],
            Words = [Word, 11],
        };

        NumericArray Direction(int seed) =>
            NumericArray.Of(
                Enumerable.Range(0, width).Select(index => (float)Math.Sin(seed + (1.7 * index))).ToArray(),
                width
            );
    }

    // One site, one text, and its numbers worked out in doubles.
    private (double Projection, double Probability, double Perplexity) Alone(
        SteeringSearchRequest request,
        SteeringSearchCell cell
    )
    {
        var steered = cell.Layer is { } layer ? request.Vector.AtLayers([layer]).Acting(request.Manner) : [];
        using var model = _model.With(
            new IntervenableConfig
            {
                Representations =
                [
                    .. steered,
                    new()
                    {
                        Layer = 1,
                        Component = SteeringVector.Stream,
                        Intervention = new CollectIntervention(),
                    },
                ],
            }
        );
        var settings = new RunSettings
        {
            Coefficients = [.. steered.Select(_ => Coefficient.Of(cell.Coefficient)), Coefficient.One],
        };
        var direction = request.Vector.Normalized().Directions[1].Floats.ToArray();
        var (projection, probability, loss, count) = (0.0, 0.0, 0.0, 0);
        foreach (var prompt in request.Prompts)
        {
            using var result = model.Run(prompt.Inputs, settings: settings);
            var last = prompt.Length - 1;
            var values = result.Collected[0].Row(0).Row(last).Floats.ToArray();
            projection += values.Zip(direction, (x, d) => (double)x * d).Sum() / request.Prompts.Length;
            var losses = Losses(result, last);
            probability += request.Words.Sum(word => Math.Exp(-losses[word])) / request.Prompts.Length;
        }

        foreach (var text in request.Neutral)
        {
            using var result = model.Run(text.Inputs, settings: settings);
            for (var position = 0; position + 1 < text.Length; position++, count++)
                loss += Losses(result, position)[text.Inputs.Tokens.Integers[position + 1]];
        }

        return (projection, probability, Math.Exp(loss / count));
    }

    private static double[] Losses(RunResult result, int position)
    {
        var logits = result.Intervened.Logits.Row(0).Row(position).Floats.ToArray();
        var total = Math.Log(logits.Sum(logit => Math.Exp(logit)));
        return [.. logits.Select(logit => total - logit)];
    }

    private sealed class Telling(Action<SweepProgress> tell) : IProgress<SweepProgress>
    {
        public void Report(SweepProgress value) => tell(value);
    }
}
