using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Probing;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Circuits;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Lens;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patterns;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies;

/// <summary>
/// Studies that read go on where they were ended: what their journal holds is not run again, and counts once.
/// </summary>
public sealed class ResumedStudyTests
{
    private const string Tiny = "gpt2/optimum/model.onnx";

    private static readonly ImmutableArray<StudyPrompt> s_prompts =
    [
        .. Enumerable
            .Range(0, 12)
            .Select(number => new StudyPrompt
            {
                Inputs = ModelInputs.FromTokens(Tokens(number, 15)),
                Corrupt = ModelInputs.FromTokens(Tokens(number, 35)),
                Answer = 7,
                Wrong = 11,
                Label = number % 2 == 0 ? "even" : "odd",
            }),
    ];

    private static readonly Lazy<LoadedModel> s_model = new(() => ReferenceExports.Load(Tiny));

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [OneTimeTearDown]
    public void Close() => s_model.Value.Dispose();

    private delegate double[] Study(
        ImmutableArray<StudyPrompt> prompts,
        StudyJournal? journal,
        IProgress<SweepProgress>? progress
    );

    private static IEnumerable<TestCaseData> Studies()
    {
        yield return Case("The_lens", Lens);
        yield return Case("Attribution_of_logits", Attribution);
        yield return Case("Patterns", Patterns);
        yield return Case("Probes", Probes);
        yield return Case("Scores_of_edges", Edges);
        yield return Case("The_search_of_a_circuit", Circuit);

        static TestCaseData Case(string name, Study study) => new(study) { TestName = $"{name}_go_on" };
    }

    [TestCaseSource(nameof(Studies))]
    public void What_was_ended_goes_on_and_counts_nothing_twice(object given)
    {
        var study = (Study)given;
        var journal = new StudyJournal(_folder.File("out/study.cells.jsonl")) { Command = ["study"] };
        var whole = study(s_prompts, null, null);
        Assert.That(study(s_prompts, journal, null), Is.EqualTo(whole).Within(1e-5));
        var lines = File.ReadAllLines(journal.Path);

        // As a kill leaves it: a line in its middle, others not there.
        var count = lines.Length / 2;
        File.WriteAllText(journal.Path, string.Join('\n', lines[..count]) + "\n" + lines[count][..9]);
        var progress = new Reports();
        var resumed = study(s_prompts, journal, progress);

        Assert.That(resumed, Is.EqualTo(whole).Within(1e-5));
        var after = File.ReadAllLines(journal.Path);
        Assert.That(after[..count], Is.EqualTo(lines[..count]), "what was kept stays as it is");
        Assert.That(Names(after), Is.EquivalentTo(Names(lines)).And.Unique);
        Assert.That(progress.All, Is.Not.Empty);

        var nothing = new Reports();
        Assert.That(study(s_prompts, journal, nothing), Is.EqualTo(resumed), "bit for bit");
        Assert.That(File.ReadAllLines(journal.Path), Is.EqualTo(after));
        Assert.That(nothing.All, Has.All.Matches<SweepProgress>(step => step.Done > s_prompts.Length));

        Assert.That(
            () => study(s_prompts.RemoveAt(3), journal, null),
            Throws.TypeOf<InterventionException>().With.Message.Contains("cells of another study (study)")
        );
    }

    [Test]
    public void A_journal_whose_numbers_are_damaged_is_refused_with_its_line()
    {
        var journal = new StudyJournal(_folder.File("lens.cells.jsonl"));
        Lens(s_prompts, journal, null);
        var lines = File.ReadAllLines(journal.Path);
        lines[2] = """{"prompt":1,"cell":0,"numbers":"AAAA"}""";
        File.WriteAllLines(journal.Path, lines);

        Assert.That(
            () => Lens(s_prompts, journal, null),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains("line 3").And.Message.Contains("in base64")
        );
    }

    private static double[] Lens(
        ImmutableArray<StudyPrompt> prompts,
        StudyJournal? journal,
        IProgress<SweepProgress>? progress
    )
    {
        var result = LogitLens.Run(
            s_model.Value,
            new LogitLensRequest { Prompts = prompts, Metrics = [Metric.LogitDifference, Metric.Divergence] },
            progress,
            journal
        );
        return
        [
            .. Numbers([.. result.Grids]),
            .. result.Tops.SelectMany(tops => tops).SelectMany(top => new double[] { top.Id, top.Probability }),
            result.Difference,
        ];
    }

    private static double[] Attribution(
        ImmutableArray<StudyPrompt> prompts,
        StudyJournal? journal,
        IProgress<SweepProgress>? progress
    )
    {
        var result = LogitAttribution.Run(s_model.Value, new() { Prompts = prompts }, progress, journal);
        return [.. Numbers(result.Parts, result.Heads!, result.Biases!), .. Numbers(result.Total, result.Constant)];
    }

    private static double[] Patterns(
        ImmutableArray<StudyPrompt> prompts,
        StudyJournal? journal,
        IProgress<SweepProgress>? progress
    ) => Numbers([.. AttentionPatterns.Run(s_model.Value, new() { Prompts = prompts }, progress, journal).Grids]);

    private static double[] Probes(
        ImmutableArray<StudyPrompt> prompts,
        StudyJournal? journal,
        IProgress<SweepProgress>? progress
    )
    {
        var request = new ProbeRequest
        {
            Prompts = prompts,
            Splits = 3,
            Layers = [0, 1],
        };
        var result = LinearProbe.Run(s_model.Value, request, progress, journal);
        return Numbers(result.Accuracy, result.Control);
    }

    private static double[] Edges(
        ImmutableArray<StudyPrompt> prompts,
        StudyJournal? journal,
        IProgress<SweepProgress>? progress
    )
    {
        var scores = EdgeAttribution.Run(s_model.Value, Request(prompts), progress, journal);
        return
        [
            .. scores.Edges.OrderBy(edge => $"{edge.Edge}").SelectMany(one => new[] { one.Score, one.StandardError }),
            .. Numbers(scores.Clean, scores.Corrupt),
        ];
    }

    private static double[] Circuit(
        ImmutableArray<StudyPrompt> prompts,
        StudyJournal? journal,
        IProgress<SweepProgress>? progress
    )
    {
        var scores = EdgeAttribution.Run(s_model.Value, Request(prompts));
        var measured = CircuitFaithfulness.Search(s_model.Value, Request(prompts), scores, 0.9, progress, journal);
        return [.. measured.SelectMany(one => new[] { one.Circuit.Edges.Length, one.Kept, one.Faithfulness })];
    }

    private static CircuitRequest Request(ImmutableArray<StudyPrompt> prompts) => new() { Prompts = prompts };

    private static double[] Numbers(params StudyGrid[] grids) =>
        [
            .. grids.SelectMany(grid =>
                grid.Mean.Values.ToArray()
                    .Concat(grid.StandardError.Values.ToArray())
                    .Concat(grid.Count.Values.ToArray())
                    .Select(number => (double)number)
            ),
        ];

    private static double[] Numbers(params SampleMean[] means) =>
        [.. means.SelectMany(mean => new[] { mean.Mean, mean.StandardError, mean.Count })];

    // What a line is about, without its numbers.
    private static IEnumerable<string> Names(string[] lines) => lines.Select(line => line.Split("\"numbers\"")[0]);

    // Two lengths, and tokens that occur twice.
    private static int[] Tokens(int number, int changed) =>
        number % 3 == 0 ? [3, 14, changed, 9, 14, number] : [3, 14, changed, 9, number];

    private sealed class Reports : IProgress<SweepProgress>
    {
        public List<SweepProgress> All { get; } = [];

        public void Report(SweepProgress value) => All.Add(value);
    }
}
