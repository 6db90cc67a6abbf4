using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Comparing;

namespace OnnxIntervene.Tests.Generation;

/// <summary>
/// A cache that is concatenated is in memory once, and a layer of it twice: each layer's present is written where the
/// past of the layer before it was.
/// </summary>
public sealed class RotatingCacheTests
{
    private const string Appended = "llama/optimum-past/model.onnx";

    [Test]
    [Category("Oracle")]
    public void Files_that_concatenate_their_cache_layer_by_layer_rotate_it(
        [ValueSource(typeof(ReferenceExports), nameof(ReferenceExports.Cached))] string export
    )
    {
        using var loaded = ReferenceExports.Load(export);
        using var lease = loaded.Lease([]);

        var expected = export.Contains("genai", StringComparison.Ordinal) ? CacheForm.Shared : CacheForm.Rotating;

        Assert.That(FormOf(lease.Session), Is.EqualTo(expected));
    }

    [Test]
    public void A_layer_writes_where_the_layer_before_it_was()
    {
        SharedPair[] pairs = [PairOf("a"), PairOf("b"), PairOf("c")];
        using var ring = new TensorRing([.. pairs.Select(pair => new[] { pair })]);
        var past = Addresses(ring.Start(1));

        for (var length = 2; length <= 6; length++)
        {
            var present = Addresses(ring.Outputs(length));
            Assert.That(present[1..], Is.EqualTo(past[..^1]), "a place is taken over");
            Assert.That(past, Does.Not.Contain(present[0]), "the first one is free");
            past = Addresses(ring.Turn());
            Assert.That(past, Is.EqualTo(present), "what was written is fed");
        }
    }

    [Test]
    public void What_was_written_is_fed_in_its_shape()
    {
        using var ring = new TensorRing([
            [PairOf("a")],
        ]);

        _ = ring.Start(3).ToList();
        var (_, output) = ring.Outputs(4).Single();
        var written = Enumerable.Range(0, 16).Select(index => (float)index).ToArray();
        written.CopyTo(output.GetTensorMutableDataAsSpan<float>());
        var (_, input) = ring.Turn().Single();

        Assert.That(input.GetTensorTypeAndShape().Shape, Is.EqualTo(new long[] { 1, 2, 4, 2 }));
        Assert.That(input.GetTensorDataAsSpan<float>().ToArray(), Is.EqualTo(written));
    }

    [Test]
    public void A_past_that_is_read_later_is_not_written_over()
    {
        using var folder = new TemporaryFolder();
        EditedModel.Write(
            Path.Combine(RepositoryPaths.References, "families", Appended),
            folder.File("model.onnx"),
            ReadLate
        );
        using var loaded = LoadedModel.Load(folder.File("model.onnx"));
        using var lease = loaded.Lease([]);
        var pairs = CachePair.Of(loaded.Model.Graph);

        Assert.That(CacheLayers.CanRotate(loaded.Model.Graph, CacheLayers.Of(pairs)), Is.False);
        Assert.That(FormOf(lease.Session), Is.EqualTo(CacheForm.Returned));
        Assert.That(Tries(lease.Session), Is.False, "a trial shows it too");
    }

    [Test]
    public void A_session_is_tried_once()
    {
        using var loaded = ReferenceExports.Load(Appended);
        using var lease = loaded.Lease([]);
        var (pairs, count) = (CachePair.Of(loaded.Model.Graph), 0);

        var forms = Enumerable
            .Range(0, 3)
            .Select(_ => CacheForms.Of(lease.Session, pairs, false, () => ++count > 0))
            .ToList();

        Assert.That(forms, Is.All.EqualTo(CacheForm.Rotating));
        Assert.That(count, Is.EqualTo(1));
    }

    private static CacheForm FormOf(InterventionSession session) =>
        CacheForms.Of(session, CachePair.Of(session.Spliced.Model.Graph), false, () => Tries(session));

    private static bool Tries(InterventionSession session)
    {
        var graph = session.Spliced.Model.Graph;
        var text = new PromptBatch(
            [
                [5, 9],
            ],
            true,
            [.. graph.Inputs.Select(input => input.Name)]
        );
        return new RotationTrial(session, text, CachePair.Of(graph)).Run(default);
    }

    private static SharedPair PairOf(string name) => new(name, name + "'", ElementType.Float32, [1, 2, 8, 2]);

    // What the first layer is fed, times a number that is known at the end.
    private static void ReadLate(Model model)
    {
        var ops = new OpBuilder(model.Graph, NameScope.Of(model), model.OperatorSetVersion, "late");
        var (past, logits) = (model.Graph.FindValue("past_key_values.0.key")!, model.Graph.Outputs[0]);
        var total = ops.Emit("ReduceSum", [logits], [NodeAttribute.Of("keepdims", 0)]);
        var late = ops.Emit("ReduceSum", [ops.Mul(past, total)], [NodeAttribute.Of("keepdims", 0)]);
        var sum = ops.Add(logits, late);
        model.Graph.Redirect(logits, sum, ops.Names, total.Producer!, sum.Producer!);
        GraphOrder.Sort(model.Graph);
    }

    // Addresses, as distances from zero.
    private static nint[] Addresses(IEnumerable<(string Name, OrtValue Memory)> tensors) =>
        [
            .. tensors.Select(tensor =>
                Unsafe.ByteOffset(
                    ref Unsafe.NullRef<byte>(),
                    ref MemoryMarshal.GetReference(tensor.Memory.GetTensorMutableRawData())
                )
            ),
        ];
}
