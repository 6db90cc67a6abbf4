using System.Text;

namespace OnnxIntervene.Reports.Tests;

public sealed class ReportWriterTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("reports-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void A_report_is_a_page_its_data_and_a_picture_and_a_table_for_each_heatmap()
    {
        var files = ReportWriter.Render(SampleHeatmaps.Report(), "trace");

        Assert.That(
            files.Select(file => file.Name),
            Is.EqualTo(new[] { "trace.json", "trace-block_output.png", "trace-block_output.csv", "trace.html" })
        );
        Assert.That(Encoding.UTF8.GetString(files[0].Contents.Span), Is.EqualTo("{\"answer\": \"The\"}\n"));
    }

    [Test]
    public void Each_figure_is_written_in_each_format_that_is_asked_for()
    {
        var report = SampleHeatmaps.Report();

        var all = ReportWriter.Render(report, "t", ReportFormats.All).Select(file => file.Name);
        var some = ReportWriter.Render(report, "t", ReportFormats.Pdf | ReportFormats.Csv).Select(file => file.Name);

        string[] endings = [".png", ".svg", ".pdf", ".csv", ".parquet"];
        var figures = endings.Select(ending => $"t-block_output{ending}");
        Assert.That(all, Is.EqualTo(["t.json", "t.safetensors", .. figures, "t.html"]));
        Assert.That(some, Is.EqualTo(new[] { "t-block_output.pdf", "t-block_output.csv" }));
    }

    [Test]
    public void A_few_heatmaps_of_a_stack_have_their_own_pictures_and_of_many_heads_the_strongest()
    {
        var figures = SampleReports.Realistic() with { Heatmaps = [] };

        var names = ReportWriter.Render(figures, "t", ReportFormats.Svg | ReportFormats.Csv).Select(file => file.Name);
        var pictures = names.Where(name => name.EndsWith(".svg", StringComparison.Ordinal)).ToList();

        Assert.That(pictures, Does.Contain("t-heads.svg").And.Contain("t-heads-logit-difference-3.svg"));
        Assert.That(pictures.Count(name => name.StartsWith("t-heads-", StringComparison.Ordinal)), Is.EqualTo(8));
        Assert.That(pictures, Does.Contain("t-attention.svg").And.Contain("t-attention-heads.svg"));
        Assert.That(pictures, Does.Contain("t-attention-1-2.svg"), "the head with the largest score");
        Assert.That(pictures.Count(name => name.StartsWith("t-attention-", StringComparison.Ordinal)), Is.EqualTo(17));
        Assert.That(
            names.Where(name => name.EndsWith(".csv", StringComparison.Ordinal)),
            Is.EqualTo(
                new[] { "t-heads.csv", "t-layers.csv", "t-attention.csv", "t-attention-heads.csv", "t-graph.csv" }
            )
        );
    }

    [Test]
    public void Files_of_formats_that_are_not_asked_for_any_more_go()
    {
        ReportWriter.Write(_folder, "trace", SampleHeatmaps.Report(), ReportFormats.All);
        ReportWriter.Write(_folder, "trace", SampleHeatmaps.Report(), ReportFormats.Png);

        Assert.That(
            Directory.GetFiles(_folder).Select(Path.GetFileName),
            Is.EqualTo(new[] { "trace-block_output.png" })
        );
    }

    [Test]
    public void Writing_makes_the_folder_and_gives_the_paths_of_what_it_wrote()
    {
        var folder = Path.Combine(_folder, "new", "deeper");

        var paths = ReportWriter.Write(folder, "trace", SampleHeatmaps.Report());

        Assert.That(Directory.GetFiles(folder), Is.EquivalentTo(paths));
        foreach (var (path, file) in paths.Zip(ReportWriter.Render(SampleHeatmaps.Report(), "trace")))
            Assert.That(File.ReadAllBytes(path), Is.EqualTo(file.Contents.ToArray()), path);
    }

    [Test]
    public void Writing_again_replaces_the_report()
    {
        ReportWriter.Write(_folder, "trace", SampleHeatmaps.Report("old"));
        ReportWriter.Write(_folder, "trace", SampleHeatmaps.Report("new"));

        Assert.That(File.ReadAllText(Path.Combine(_folder, "trace.json")), Does.Contain("new"));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(4));
    }

    [Test]
    public void A_cancelled_write_leaves_nothing()
    {
        var folder = Path.Combine(_folder, "new");

        Assert.That(
            () => ReportWriter.Write(folder, "trace", SampleHeatmaps.Report(), cancellation: new(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>()
        );
        Assert.That(Directory.Exists(folder), Is.False);
    }

    [Test]
    public void A_fault_while_writing_leaves_the_earlier_report_and_nothing_else()
    {
        ReportWriter.Write(_folder, "trace", SampleHeatmaps.Report("old"));
        var table = Path.Combine(_folder, "trace-block_output.csv");
        File.Delete(table);
        Directory.CreateDirectory(table);
        var before = Contents();

        Assert.That(
            () => ReportWriter.Write(_folder, "trace", SampleHeatmaps.Report("new")),
            Throws.InstanceOf<IOException>().With.Message.Contains("trace-block_output.csv' is a folder")
        );
        Assert.That(Contents(), Is.EqualTo(before));
    }

    [Test]
    public void A_fault_while_drawing_leaves_the_earlier_report()
    {
        ReportWriter.Write(_folder, "trace", SampleHeatmaps.Report("old"));
        var before = Contents();
        var broken = new ReportHeatmap("broken", SampleHeatmaps.Create() with { Values = [] });

        Assert.That(
            () => ReportWriter.Write(_folder, "trace", SampleHeatmaps.Report("new") with { Heatmaps = [broken] }),
            Throws.ArgumentException.With.Message.Contains("0 values")
        );
        Assert.That(Contents(), Is.EqualTo(before));
    }

    [Test]
    public void Pictures_of_the_earlier_report_go_and_files_of_others_stay()
    {
        var (one, two) = (SampleHeatmaps.Create(), SampleHeatmaps.Create());
        ReportWriter.Write(
            _folder,
            "trace",
            SampleHeatmaps.Report() with
            {
                Heatmaps = [new("a", one), new("b", two)],
            }
        );
        string[] others = ["trace-a-kept.png", "trace-notes.csv", "patch.html", "deeper/x"];
        Directory.CreateDirectory(Path.Combine(_folder, "deeper"));
        foreach (var name in others)
            File.WriteAllText(Path.Combine(_folder, name), name);

        ReportWriter.Write(_folder, "trace", SampleHeatmaps.Report() with { Heatmaps = [new("b", two)] });

        Assert.That(
            Directory
                .EnumerateFiles(_folder, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(_folder, path).Replace('\\', '/')),
            Is.EquivalentTo(["trace.html", "trace.json", "trace-b.png", "trace-b.csv", .. others])
        );
        foreach (var name in others)
            Assert.That(File.ReadAllText(Path.Combine(_folder, name)), Is.EqualTo(name));
    }

    [TestCase("../trace")]
    [TestCase("a/b")]
    [TestCase("a\\b")]
    [TestCase("c:trace")]
    [TestCase("..")]
    [TestCase("a\nb")]
    [TestCase(" ")]
    public void A_name_that_is_no_file_name_is_refused(string name)
    {
        Assert.That(() => ReportWriter.Write(_folder, name, SampleHeatmaps.Report()), Throws.ArgumentException);
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.Empty);
    }

    [Test]
    public void Heatmaps_names_become_file_names_and_none_hides_another()
    {
        string[] names = ["../../out", "mlp output", "MLP-output", "漢字", "漢字"];
        var heatmaps = names.Select(name => new ReportHeatmap(name, SampleHeatmaps.Create()));

        var files = ReportWriter.Render(SampleHeatmaps.Report() with { Heatmaps = [.. heatmaps] }, "t");

        Assert.That(
            files.Select(file => file.Name).Where(name => name.EndsWith(".csv", StringComparison.Ordinal)),
            Is.EqualTo(
                new[] { "t-out.csv", "t-mlp-output.csv", "t-MLP-output-2.csv", "t-heatmap.csv", "t-heatmap-2.csv" }
            )
        );
    }

    [Test]
    public void The_same_report_gives_the_same_bytes()
    {
        var first = ReportWriter.Render(SampleHeatmaps.Report(), "trace");
        var second = ReportWriter.Render(SampleHeatmaps.Report(), "trace");

        foreach (var (one, other) in first.Zip(second))
            Assert.That(other.Contents.ToArray(), Is.EqualTo(one.Contents.ToArray()), one.Name);
    }

    private SortedDictionary<string, string> Contents() =>
        new(
            Directory
                .GetFiles(_folder)
                .ToDictionary(path => path, path => Convert.ToHexString(File.ReadAllBytes(path))),
            StringComparer.Ordinal
        );
}
