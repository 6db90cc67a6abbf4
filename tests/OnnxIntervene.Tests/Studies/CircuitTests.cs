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
    [TestCase(Tiny, 3, TestName = "An_edges_score_is_what_patching_a_little_of_it_does")]
    [TestCase("gpt_neox/optimum/model.onnx", 5, TestName = "An_edges_score_is_what_patching_it_does_(parallel_layers)")]
    [TestCase("llama/optimum/model.onnx", 5, TestName = "An_edges_score_is_what_patching_it_does_(shared_keys)")]
    [TestCase(
        "gemma2/optimum/model.onnx",
        7,
        TestName = "An_edges_score_is_what_patching_it_does_(normalised_outputs)"
    )]
    [TestCase("olmo2/optimum/model.onnx", 11, TestName = "An_edges_score_is_what_patching_it_does_(norms_after_alone)")]
    public void An_edges_score_is_what_patching_a_little_of_it_does(string export, int every)
    {
        const float scale = 0.02f;
        using var model = ReferenceExports.Load(export);
        var request = new CircuitRequest { Prompts = [s_tinyPrompt] };
        var scores = EdgeAttribution.Run(model, request).Edges.ToDictionary(scored => scored.Edge, one => one.Score);

        var sites = CircuitSites.Of(model.Components);
        using var reader = new CircuitReader(model, sites);
        using var runs = new CircuitRuns(model, sites, reader);
        PromptStreams? streams = null;
        reader.Read(request.Prompts, (_, read) => streams = read, default);
        var edges = sites.Graph.Edges.ToList();
        var some = Enumerable.Range(0, edges.Count).Where(edge => edge % every == 0).ToList();
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

    [TestCase("gpt_neox/optimum/model.onnx", "a1.0.query", "m1")]
    [TestCase("llama/optimum/model.onnx", "-1.key", "query")]
    [TestCase("gemma2/optimum/model.onnx", "a1.0.query", "m1")]
    [TestCase("olmo2/optimum/model.onnx", "a1.0.query", "m1")]
    public void With_every_edge_it_is_the_clean_run_and_with_none_the_corrupt_one(
        string export,
        string one,
        string other
    )
    {
        using var model = ReferenceExports.Load(export);
        var request = new CircuitRequest { Prompts = [s_tinyPrompt] };
        var scores = EdgeAttribution.Run(model, request);

        var whole = CircuitFaithfulness.Measure(
            model,
            request,
            [scores.Best(scores.Edges.Length), new Circuit([], scores.Edges.Length)]
        );

        Assert.That(whole[0].Kept, Is.EqualTo(1).Within(1e-3));
        Assert.That(whole[1].Faithfulness, Is.EqualTo(0).Within(1e-3));
        var names = scores.Edges.Select(scored => $"{scored.Edge}").ToList();
        Assert.That(names, Has.Some.EndsWith(one).And.Some.EndsWith(other));
    }

    [Test]
    public void A_way_through_keys_that_heads_share_may_leave_by_any_of_them()
    {
        var key = new CircuitEdge(new(CircuitNodeKind.Embedding), new(CircuitNodeKind.Head, 0, 2), HeadInput.Key)
        {
            SharedBy = 2,
        };
        var own = new CircuitEdge(new(CircuitNodeKind.Head, 0, 3), new(CircuitNodeKind.Logits));
        var other = new CircuitEdge(new(CircuitNodeKind.Head, 0, 4), new(CircuitNodeKind.Logits));

        var circuit = Circuit.Best([new(key, 3, 0), new(own, 2, 0), new(other, 1, 0)], 3);

        Assert.That(circuit.Edges.Select(scored => scored.Edge), Is.EqualTo(new[] { key, own }));
        Assert.That($"{key}", Is.EqualTo("embedding → a0.2-3.key"));
    }

    // In parallel layers no edge leads from a layer's heads to its own feed-forward.
    [Test]
    public void A_feed_forward_beside_its_attention_reads_nothing_of_it()
    {
        using var model = ReferenceExports.Load("gpt_neox/optimum/model.onnx");

        var edges = CircuitSites.Of(model.Components).Graph.Edges.Select(edge => $"{edge}").ToList();

        Assert.That(edges, Has.Member("a0.0 → m1").And.No.Member("a1.0 → m1"));
    }

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
