using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Circuits;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies;

/// <summary>
/// Edges are scored by what patching them would do, and circuits are judged by really patching the rest.
/// </summary>
public sealed class CircuitTests
{
    private const string Tiny = "gpt2/optimum/model.onnx";

    private static readonly StudyPrompt s_tinyPrompt = new()
    {
        Inputs = ModelInputs.FromTokens([3, 14, 15, 9, 26]),
        Corrupt = ModelInputs.FromTokens([3, 14, 35, 9, 26]),
        Answer = 7,
        Wrong = 11,
    };

    // A fiftieth of an edge's difference, added and taken away by real runs, is the slow way to its score.
    [Test]
    public void An_edges_score_is_what_patching_a_little_of_it_does()
    {
        const float scale = 0.02f;
        using var model = ReferenceExports.Load(Tiny);
        var request = new CircuitRequest { Prompts = [s_tinyPrompt] };
        var scores = EdgeAttribution.Run(model, request).Edges.ToDictionary(scored => scored.Edge, one => one.Score);

        var sites = CircuitSites.Of(model.Components);
        using var reader = new CircuitReader(model, sites);
        using var runs = new CircuitRuns(model, sites, reader);
        PromptStreams? streams = null;
        reader.Read(request.Prompts, (_, read) => streams = read, default);
        var edges = sites.Graph.Edges.ToList();
        var some = Enumerable.Range(0, edges.Count).Where(edge => edge % 3 == 0).ToList();
        var found = some.Select(edge => (Patched(edge, scale) - Patched(edge, -scale)) / (2 * scale)).ToList();

        var largest = found.Max(Math.Abs);
        Assert.That(largest, Is.GreaterThan(1e-3));
        Assert.That(scores, Has.Count.EqualTo(edges.Count));
        foreach (var (edge, change) in some.Zip(found))
            Assert.That(scores[edges[edge]], Is.EqualTo(change).Within(0.02 * largest), $"{edges[edge]}");

        double Patched(int edge, float factor)
        {
            var marks = Enumerable.Repeat(true, edges.Count).ToArray();
            marks[edge] = false;
            var scaled = streams! with
            {
                Differences = [.. streams.Differences.Select(one => one.Select(value => factor * value).ToArray())],
            };
            return EdgeAttribution.Measured(request.Metric, streams, runs.Logits(scaled, marks, default));
        }
    }

    [Test]
    public void A_circuit_for_indirect_objects_keeps_nine_tenths_of_the_logit_difference()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel, new ExecutionOptions { Threads = 1 });
        var request = new CircuitRequest { Prompts = DefaultTasks.Pairs(model, "indirect_object", 10), Steps = 2 };

        var scores = EdgeAttribution.Run(model, request);

        var measured = CircuitFaithfulness.Measure(model, request, [scores.Best(5), scores.Best(14)]);
        foreach (var one in measured)
            TestContext.Out.WriteLine(
                $"{one.Circuit.Edges.Length} of {one.Circuit.Total} edges ({one.Circuit.Share:P1}): "
                    + $"{one.Metric.Mean:F2} of {scores.Clean.Mean:F2}, {one.Kept:P1}, "
                    + $"faithfulness {one.Faithfulness:F3}"
            );
        TestContext.Out.WriteLine(string.Join(", ", measured[1].Circuit.Edges.Select(edge => $"{edge.Edge}")));
        Assert.That(measured[1].Kept, Is.GreaterThanOrEqualTo(0.9));
        Assert.That(measured[1].Faithfulness, Is.GreaterThanOrEqualTo(0.9));
        Assert.That(measured[1].Circuit.Edges, Has.Length.EqualTo(14));
        Assert.That(measured[1].Circuit.Total, Is.EqualTo(2188));
        Assert.That(measured[0].Kept, Is.LessThan(0.5), "So few edges should not do.");
    }

    [Test]
    public void The_smallest_circuit_that_keeps_enough_is_found()
    {
        using var model = ReferenceExports.Load(Tiny);
        var request = new CircuitRequest { Prompts = [s_tinyPrompt] };

        var measured = CircuitFaithfulness.Search(model, request, EdgeAttribution.Run(model, request), 0.9);

        var found = measured.First(one => one.Keeps(0.9));
        Assert.That(found.Circuit.Share, Is.LessThanOrEqualTo(1));
        Assert.That(measured.TakeWhile(one => one != found).Count(one => one.Keeps(0.9)), Is.Zero);
        Assert.That(measured.Select(one => one.Circuit.Edges.Length), Is.Ordered);
    }

    [Test]
    public void Only_edges_on_a_way_from_the_embedding_to_the_logits_are_in_a_circuit()
    {
        var (embedding, logits) = (new CircuitNode(CircuitNodeKind.Embedding), new CircuitNode(CircuitNodeKind.Logits));
        var (head, first) = (new CircuitNode(CircuitNodeKind.Head, 1, 2), new CircuitNode(CircuitNodeKind.FeedForward));
        var scores = new EdgeScores(
            [
                Scored(new CircuitEdge(head, logits), -5),
                Scored(new CircuitEdge(embedding, first), 4),
                Scored(new CircuitEdge(first, head, HeadInput.Key), -3),
                Scored(new CircuitEdge(embedding, logits), 2),
            ],
            new(),
            new()
        );

        Assert.That(scores.Best(2).Edges, Is.Empty);
        Assert.That(scores.Best(3).Edges, Has.Length.EqualTo(3));
        Assert.That(scores.Best(3).Share, Is.EqualTo(0.75));
        Assert.That(scores.Best(3).Edges.Select(one => $"{one.Edge}"), Does.Contain("m0 → a1.2.key"));

        static ScoredEdge Scored(CircuitEdge edge, double score) => new(edge, score, double.NaN);
    }

    [TestCase("gpt_neox/optimum/model.onnx", "both read", TestName = "Parallel_layers_are_refused")]
    [TestCase("llama/optimum/model.onnx", "share keys and values", TestName = "Shared_keys_are_refused")]
    [TestCase("bert/optimum/model.onnx", "norm", TestName = "Norms_after_the_addition_are_refused")]
    public void Models_whose_edges_are_not_known_are_refused(string export, string why)
    {
        using var model = ReferenceExports.Load(export);

        Assert.That(
            () => EdgeAttribution.Run(model, new CircuitRequest { Prompts = [s_tinyPrompt] }),
            Throws.TypeOf<InterventionException>().With.Message.Contains(why)
        );
    }
}
