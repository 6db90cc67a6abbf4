using System.Diagnostics;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Runtime;

/// <summary>Sessions are opened once, lent, counted, and closed when no run uses them.</summary>
[NonParallelizable]
public sealed class ModelLifetimeTests
{
    private const int Threads = 16;
    private static readonly ExecutionOptions s_options = new() { Threads = 1 };
    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([1, 2, 3, 4, 5]);

    private static IntervenableConfig Zero(int layer) =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = layer,
                    Component = ComponentNames.MlpOutput,
                    InterventionType = InterventionType.Zero,
                },
            ],
        };

    [Test]
    public void Disposing_waits_for_runs_under_way_and_later_runs_are_refused()
    {
        for (var round = 0; round < 10; round++)
        {
            var model = LoadedModel.Load(RepositoryPaths.DefaultModel, s_options);
            var intervened = model.With(Zero(round % 6));
            intervened.Run(s_inputs).Dispose();
            using var start = new Barrier(Threads + 1);
            var runners = Enumerable
                .Range(0, Threads)
                .Select(_ =>
                    Task.Factory.StartNew(() => RunUntilRefused(intervened, start), TaskCreationOptions.LongRunning)
                )
                .ToArray();
            start.SignalAndWait();
            Thread.SpinWait(round * 100_000);
            model.Dispose();

            Assert.That(Task.WaitAll(runners, TimeSpan.FromMinutes(2)));
            Assert.That(model.OpenSessionCount, Is.Zero);
            Assert.That(() => intervened.Run(s_inputs), Throws.InstanceOf<ObjectDisposedException>());
        }
    }

    private static void RunUntilRefused(IntervenableModel model, Barrier start)
    {
        start.SignalAndWait();
        try
        {
            while (true)
                model.Run(s_inputs).Dispose();
        }
        catch (ObjectDisposedException)
        {
            // What a run after Dispose is told.
        }
    }

    [Test]
    public void Sixteen_threads_that_run_and_dispose_at_random_get_right_numbers_or_are_refused()
    {
        using var shared = new DisposedAtRandom(TinyPath, s_options);

        var threads = Enumerable
            .Range(0, Threads)
            .Select(seed => Task.Factory.StartNew(() => shared.Go(seed, 1_000), TaskCreationOptions.LongRunning))
            .ToArray();

        Assert.That(Task.WaitAll(threads, TimeSpan.FromMinutes(5)));
        Assert.That(shared.Disposed, Is.GreaterThanOrEqualTo(1_000));
        Assert.That(shared.Wrong, Is.Zero);
        Assert.That(shared.Right, Is.GreaterThan(1_000));
    }

    private static string TinyPath =>
        Path.Combine(RepositoryPaths.OwnReferences, "families", "mlp", "torchscript", "model.onnx");

    [Test]
    public void Sixteen_threads_with_different_structures_run_at_once_and_open_each_session_once()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel, s_options);
        var expected = Enumerable.Range(0, 6).Select(layer => Logits(model, layer)).ToArray();
        var opened = InterventionSession.OpenedCount;

        Parallel.For(
            0,
            Threads * 6,
            new ParallelOptions { MaxDegreeOfParallelism = Threads },
            index => Assert.That(Logits(model, index % 6), Is.EqualTo(expected[index % 6]))
        );

        Assert.That(model.OpenSessionCount, Is.EqualTo(6));
        Assert.That(InterventionSession.OpenedCount, Is.EqualTo(opened));
        Assert.That(expected.Distinct().Count(), Is.EqualTo(6));
    }

    private static float[] Logits(LoadedModel model, int layer)
    {
        using var result = model.With(Zero(layer)).Run(s_inputs);
        return result.Intervened.Logits.Floats.ToArray();
    }

    [Test]
    public void A_session_that_others_wait_for_is_opened_once()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel, s_options);
        var opened = InterventionSession.OpenedCount;
        using var start = new Barrier(Threads);

        Parallel.For(
            0,
            Threads,
            new ParallelOptions { MaxDegreeOfParallelism = Threads },
            _ =>
            {
                start.SignalAndWait(TimeSpan.FromSeconds(5));
                Logits(model, 2);
            }
        );

        Assert.That(InterventionSession.OpenedCount - opened, Is.EqualTo(1));
    }

    [Test]
    public void Models_with_different_configurations_share_sessions_of_one_structure()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel, s_options);

        var first = Logits(model, 3);
        var opened = InterventionSession.OpenedCount;
        var second = Logits(model, 3);

        Assert.That(second, Is.EqualTo(first));
        Assert.That(InterventionSession.OpenedCount, Is.EqualTo(opened));
    }

    [Test]
    public void Sessions_that_were_not_used_for_longest_are_closed_at_the_memory_limit()
    {
        using var model = LoadedModel.Load(
            RepositoryPaths.DefaultModel,
            s_options with
            {
                SessionMemoryLimit = 16 << 20,
            }
        );
        for (var layer = 0; layer < 6; layer++)
            Logits(model, layer);
        var kept = model.OpenSessionCount;
        var opened = InterventionSession.OpenedCount;

        Logits(model, 5);
        Assert.That(InterventionSession.OpenedCount, Is.EqualTo(opened), "the last one is still open");
        Logits(model, 0);

        Assert.That(kept, Is.InRange(1, 5));
        Assert.That(InterventionSession.OpenedCount, Is.EqualTo(opened + 1), "the first one was closed");
    }

    [Test]
    public void A_thousand_structures_opened_and_closed_leave_the_resident_set_flat()
    {
        using var model = LoadedModel.Load(TinyPath, s_options with { SessionMemoryLimit = 0 });
        var component = model.Components.Components.First(item => item.Address.Name == ComponentNames.BlockOutput);
        for (var round = 0; round < 200; round++)
            Open(model, component.Address, round);
        var before = ResidentBytes();

        for (var round = 200; round < 1_200; round++)
            Open(model, component.Address, round);

        Assert.That(model.OpenSessionCount, Is.EqualTo(1), "the one that was used last");
        Assert.That(ResidentBytes() - before, Is.LessThan(48L << 20));
    }

    // Structures differ in how often the component is read.
    private static void Open(LoadedModel model, ComponentAddress address, int round)
    {
        var sites = Enumerable.Repeat(new SpliceSite(address, InterventionType.Collect), 1 + (round % 8));
        using var lease = model.Lease([.. sites]);
        Assert.That(lease.Session.Outputs, Is.Not.Empty);
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
