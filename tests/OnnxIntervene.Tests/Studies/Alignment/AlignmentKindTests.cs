using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Tests.Studies.Alignment;

/// <summary>What is trained in a cell, where, and when it ends.</summary>
public sealed class AlignmentKindTests
{
    private static readonly string s_folder = Path.Combine(RepositoryPaths.References, "das_equality");
    private static readonly ExamplePosition s_first = ExamplePosition.At(0);

    private LoadedModel _model = null!;
    private InterchangeDataSet _data = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _model = LoadedModel.Load(Path.Combine(s_folder, "model.onnx"), new ExecutionOptions { Threads = 1 });
        _data = InterchangeTensorFile.Read(Path.Combine(s_folder, "data.safetensors"), _model, "train");
    }

    [OneTimeTearDown]
    public void Close() => _model.Dispose();

    [TestCaseSource(nameof(Kinds))]
    public void Every_kind_that_interchanges_is_trained(InterventionType kind)
    {
        using var folder = new TemporaryFolder();
        var request = Request(1, 512) with { Kind = kind, Rank = 4, Steps = 12 };
        // As warm as at the start, so that losses can be compared.
        request = request with
        {
            Options = request.Options with { Temperature = new TemperatureSchedule(50, 50) },
        };
        var options = new AlignmentOptions { Folder = folder.File("best") };

        var cell = AlignmentSearch.Run(_model, request, options: options).Cells.Single()!;

        Assert.That(cell.Losses[^1], Is.LessThan(cell.Losses[0] - 1e-5));
        using var saved = IntervenableModel.LoadFolder(_model.File.Path, folder.File("best"));
        Assert.That(saved.Interventions.Single().Type, Is.SameAs(kind));
    }

    [Test]
    public void Kinds_that_do_not_interchange_are_refused_with_those_that_do()
    {
        foreach (var kind in InterventionType.All.Except(Kinds()))
            Refuses(Request(1, 1) with { Kind = kind }, kind.ClassName, "BoundlessRotatedSpaceIntervention");
    }

    [Test]
    public void Variables_share_no_spot_of_a_kind_without_parts()
    {
        var masks = Request(2, 2) with { Kind = InterventionType.SigmoidMask, Steps = 2 };

        Refuses(masks, "has no parts", "2 variables");
        var apart = masks with { Sites = Sites(1, new VariableSite(1, s_first)) };
        Assert.That(AlignmentSearch.Run(_model, apart).Best!.Losses, Has.Length.EqualTo(2));
    }

    // Examples have one position, which is the last one too.
    [TestCase(0, null)]
    [TestCase(-1, null)]
    [TestCase(0, -1)]
    public void A_variable_with_the_site_that_is_searched_shares_its_rotation(int position, int? source)
    {
        var together = Request(2, 2) with { Steps = 4, Positions = [s_first] };
        var site = new VariableSite(0, ExamplePosition.At(position))
        {
            SourcePosition = source is { } number ? ExamplePosition.At(number) : null,
        };
        var named = together with { Sites = Sites(1, site) };

        Assert.That(AlignmentSearch.Run(_model, named).Cells, Is.EqualTo(AlignmentSearch.Run(_model, together).Cells));
    }

    [Test]
    public void Variables_at_sites_of_their_own_have_interventions_of_their_own()
    {
        using var folder = new TemporaryFolder();
        var request = Request(2, 2) with
        {
            Steps = 3,
            Sites = Sites(1, new VariableSite(0, s_first) { Component = "mlp_activation" }),
        };

        AlignmentSearch.Run(_model, request, options: new() { Folder = folder.File("best") });

        using var saved = IntervenableModel.LoadFolder(_model.File.Path, folder.File("best"));
        Assert.That(
            saved.Config.Representations.Select(item => item.Component),
            Is.EqualTo(new[] { "block_output", "mlp_activation" })
        );
        Assert.That(saved.Interventions[0], Is.Not.SameAs(saved.Interventions[1]));
    }

    [Test]
    public void A_training_that_gets_no_better_ends_and_its_best_parameters_are_kept()
    {
        using var folder = new TemporaryFolder();
        var still = Request(2, 2) with
        {
            Steps = 20,
            HeldOut = Part(600, 100),
            Patience = 2,
            MeasureEvery = 3,
            Options = new TrainingOptions { Optimizer = new Adam(1e-12) },
        };
        var options = new AlignmentOptions { Sweep = new SweepOptions { Journal = folder.File("das.jsonl") } };

        var cell = AlignmentSearch.Run(_model, still, options: options).Best!;

        Assert.That(cell.Losses, Has.Length.EqualTo(9), "the first measuring is the best, and two are not better");
        Assert.That(cell.HeldOut, Has.Length.EqualTo(3).And.All.EqualTo(cell.HeldOut[0]));
        Assert.That(AlignmentSearch.Run(_model, still, options: options).Best, Is.EqualTo(cell), "from the journal");
        Assert.That(still.StepsOfMeasures(7), Is.EqualTo(new[] { 3, 6, 9, 12, 15, 18, 20 }));
    }

    [Test]
    public void What_does_not_fit_is_refused_before_anything_runs()
    {
        Refuses(Request(2, 2) with { Patience = 1 }, "held-out");
        Refuses(Request(2, 2) with { Patience = 0, HeldOut = Part(600, 10) }, "patience is 0");
        Refuses(Request(2, 2) with { Heads = [1] }, "no heads", "head 1");
        Refuses(Request(2, 2) with { Sites = Sites(2, new VariableSite(0, s_first)) }, "variable 2", "0 to 1");
        Refuses(Request(1, 2) with { Sites = Sites(0, new VariableSite(0, s_first)) }, "leave one of them");
        Refuses(Request(2, 2) with { Sites = Sites(0, new VariableSite(9, s_first)) }, "9");
        Refuses(Request(2, 2) with { Sites = Sites(0, new VariableSite(0, ExamplePosition.At(4))) }, "no position 4");
        Refuses(Request(2, 2) with { HeldOut = _data with { Examples = [] } }, "no examples");
    }

    private static IEnumerable<InterventionType> Kinds() =>
        [
            InterventionType.BoundlessRotatedSpace,
            InterventionType.LowRankRotatedSpace,
            InterventionType.RotatedSpace,
            InterventionType.SigmoidMask,
            InterventionType.SigmoidMaskRotatedSpace,
        ];

    private static ImmutableSortedDictionary<int, VariableSite> Sites(int variable, VariableSite site) =>
        ImmutableSortedDictionary<int, VariableSite>.Empty.Add(variable, site);

    private void Refuses(AlignmentRequest request, params string[] words)
    {
        var fault = Assert.Throws<InterventionException>(() => AlignmentSearch.Run(_model, request));
        foreach (var word in words)
            Assert.That(fault!.Message, Does.Contain(word));
    }

    // The first variable alone, or both.
    private AlignmentRequest Request(int variables, int batch) =>
        new()
        {
            Training = variables == 1 ? OfFirst(Part(0, 512)) : Part(0, 512),
            Test = variables == 1 ? OfFirst(Part(8192, 128)) : Part(8192, 128),
            Layers = [0],
            Rank = 8,
            BatchSize = Math.Max(64, batch),
            Options = new TrainingOptions { Optimizer = new Adam(1e-2) },
        };

    private InterchangeDataSet Part(int first, int count) =>
        _data with
        {
            Examples = [.. _data.Examples.Skip(first).Take(count)],
        };

    private static InterchangeDataSet OfFirst(InterchangeDataSet data) =>
        data with
        {
            Examples =
            [
                .. data
                    .Examples.Where(example => example.Sources is [not null, null])
                    .Select(example => example with { Sources = [example.Sources[0]] }),
            ],
        };
}
