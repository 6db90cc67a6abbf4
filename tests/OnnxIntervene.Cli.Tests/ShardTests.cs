using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Studies in parts, parts that were ended, and their report.</summary>
public sealed class ShardTests
{
    private const string Prompts = """
        {"clean": "Tom knew that", "corrupt": "Anna knew that", "answer": " he", "wrong": " she"}
        {"clean": "Dan knew that", "corrupt": "Nina knew that", "answer": " he", "wrong": " she"}
        {"clean": "Dan said that", "corrupt": "Nina said that", "answer": " he", "wrong": " she"}

        """;

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make()
    {
        _folder = new TemporaryFolder();
        File.WriteAllText(_folder.File("pairs.jsonl"), Prompts);
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    [TestCase(2)]
    [TestCase(5)]
    public async Task Shards_together_make_the_report_of_the_whole(int count)
    {
        for (var shard = 0; shard < count; shard++)
            await Run(["--shard", $"{shard}/{count}", "--out", _folder.File("parts")]);
        var whole = await Run(["--out", _folder.File("whole"), "--json"]);

        var (merged, error, exit) = await Command.RunAsync("merge", _folder.File("parts"), "--json");

        Assert.That(exit, Is.Zero, error);
        NearJson.Require(merged, whole);
        Assert.That(File.Exists(_folder.File("parts/patch.html")));
        Assert.That(Directory.GetFiles(_folder.File("whole"), "*.cells.jsonl"), Is.Empty);
    }

    [Test]
    public async Task A_shard_that_was_ended_goes_on_and_counts_nothing_twice()
    {
        await Run(["--shard", "0/2", "--out", _folder.File("parts")]);
        var journal = _folder.File("parts/patch.shard-0-of-2.cells.jsonl");
        var lines = await File.ReadAllLinesAsync(journal);

        // As a kill leaves it: a line in its middle, others not there.
        await File.WriteAllTextAsync(journal, string.Join('\n', lines[..^5]) + "\n" + lines[^5][..9]);
        await Run(["--shard", "0/2", "--out", _folder.File("parts")]);

        Assert.That(await File.ReadAllLinesAsync(journal), Is.EquivalentTo(lines).And.Unique);
    }

    [Test]
    public async Task What_is_missing_or_of_another_study_is_refused()
    {
        await Run(["--shard", "0/2", "--out", _folder.File("parts")]);

        var (_, missing, exit) = await Command.RunAsync("merge", _folder.File("parts"));
        Assert.That((exit, missing), Is.EqualTo((1, missing)));
        Assert.That(missing, Does.Contain("12 of 36 cells are in none of"));

        var (_, other, second) = await Command.RunAsync([
            .. Patch,
            "--metric",
            "rank",
            "--shard",
            "0/2",
            "--out",
            _folder.File("parts"),
        ]);
        Assert.That(second, Is.EqualTo(1));
        Assert.That(other, Does.Contain("36 cells of another study").And.Contain("--positions last"));

        var (_, none, third) = await Command.RunAsync("merge", _folder.Path);
        Assert.That(third, Is.EqualTo(1));
        Assert.That(none, Does.Contain("There are no shards in"));
    }

    [Test]
    public async Task Shards_of_different_numbers_of_parts_are_not_merged()
    {
        await Run(["--shard", "0/3", "--out", _folder.File("parts")]);
        await Run(["--shard", "1/2", "--out", _folder.File("parts")]);

        var (_, error, exit) = await Command.RunAsync("merge", _folder.File("parts"));

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("one of 3 shards").And.Contain("one of 2: they divide the study differently"));
    }

    [Test]
    public async Task A_journal_is_written_by_one_process_and_read_by_any()
    {
        await Run(["--shard", "0/2", "--out", _folder.File("parts")]);
        await Run(["--shard", "1/2", "--out", _folder.File("parts")]);
        var journal = _folder.File("parts/patch.shard-0-of-2.cells.jsonl");

        await using var other = new FileStream(journal, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        var (_, error, exit) = await Command.RunAsync([.. Patch, "--shard", "0/2", "--out", _folder.File("parts")]);
        var (_, unmerged, merge) = await Command.RunAsync("merge", _folder.File("parts"));
        var progress = JournalProgress.Read(journal);

        Assert.That(exit, Is.EqualTo(3));
        Assert.That(error, Does.Contain($"Another process is writing '{journal}'"));
        Assert.That(merge, Is.Zero, unmerged);
        Assert.That((progress.Kept, progress.Total, progress.StudyCells), Is.EqualTo((24, 24, 36)));
        Assert.That(progress.IsComplete);
    }

    [Test]
    public async Task Progress_is_read_on_from_where_it_was()
    {
        var journal = _folder.File("parts/patch.shard-0-of-2.cells.jsonl");
        var progress = JournalProgress.Read(journal);
        Assert.That((progress.IsBegun, progress.IsComplete), Is.EqualTo((false, false)));

        await Run(["--shard", "0/2", "--out", _folder.File("parts")]);
        var text = await File.ReadAllTextAsync(journal);
        await File.WriteAllTextAsync(journal, text[..^30]);
        progress.Update();
        Assert.That((progress.Kept, progress.IsComplete), Is.EqualTo((23, false)));
        Assert.That(progress.Command[0], Is.EqualTo("patch"));

        await File.WriteAllTextAsync(journal, text);
        progress.Update();
        Assert.That((progress.Kept, progress.IsComplete), Is.EqualTo((24, true)));

        await File.WriteAllTextAsync(journal, text.Split('\n')[0] + "\n");
        progress.Update();
        Assert.That(progress.Kept, Is.Zero);
    }

    [Test]
    public async Task A_file_under_another_shards_name_is_refused()
    {
        await Run(["--shard", "0/2", "--out", _folder.File("parts")]);
        File.Move(
            _folder.File("parts/patch.shard-0-of-2.cells.jsonl"),
            _folder.File("parts/patch.shard-1-of-2.cells.jsonl")
        );

        var (_, error, exit) = await Command.RunAsync([.. Patch, "--shard", "1/2", "--out", _folder.File("parts")]);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain("holds shard 0/2 of the study, not 1/2"));
    }

    [Test]
    public async Task A_dry_run_counts_what_is_there_and_runs_nothing()
    {
        var (none, _, _) = await Command.RunAsync([.. Patch, "--dry-run", "--out", _folder.File("parts"), "--json"]);
        Assert.That(none, Does.Contain("\"cells\": 36").And.Contain("\"kept\": 0"));
        Assert.That(Directory.Exists(_folder.File("parts")), Is.False);

        await Run(["--shard", "1/2", "--out", _folder.File("parts")]);
        var (some, _, _) = await Command.RunAsync([.. Patch, "--dry-run", "--out", _folder.File("parts")]);
        Assert.That(some, Does.Contain("12, in").And.Contain("patch.shard-1-of-2.cells.jsonl"));
    }

    [TestCase("2/2", "no shard 2 of 2")]
    [TestCase("x", "not a shard")]
    public async Task A_shard_that_is_none_is_refused(string shard, string message)
    {
        var (_, error, exit) = await Command.RunAsync([.. Patch, "--shard", shard, "--out", _folder.File("parts")]);

        Assert.That(exit, Is.EqualTo(1));
        Assert.That(error, Does.Contain(message));
    }

    private string[] Patch =>
        [
            "patch",
            "--prompts",
            _folder.File("pairs.jsonl"),
            "--positions",
            "last",
            "--component",
            "block_output",
            "--component",
            "mlp_output",
        ];

    private async Task<string> Run(string[] options)
    {
        var (output, error, exit) = await Command.RunAsync([.. Patch, .. options]);
        Assert.That(exit, Is.Zero, error);
        return output;
    }
}
