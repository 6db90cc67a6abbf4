using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Studies as jobs of a cluster. Slurm is played by three scripts; prove-slurm has the real one.</summary>
[NonParallelizable]
[Platform(Exclude = "Win", Reason = "Slurm is not for Windows.")]
public sealed class SlurmTests
{
    // Runs each task at once, as a node would, and keeps what it was asked. The first time it loses task 1.
    private const string Submit = """
        #!/bin/bash
        here=$(dirname "$0")
        echo "sbatch $*" >> "$here/asked"
        for word in "$@"; do
          case $word in
            --chdir=*) cd "${word#*=}" ;;
            --array=*) tasks=${word#*=} ;;
          esac
        done
        job=$(($(cat "$here/job" 2>/dev/null || echo 0) + 1))
        echo $job > "$here/job"
        echo $job
        export SLURM_CPUS_ON_NODE=1
        if [ -z "$tasks" ]; then
          bash "${@: -1}" > "merge.job-$job.log" 2>&1
          exit 0
        fi
        for task in ${tasks//,/ }; do
          [ $job.$task = 1.1 ] && continue
          SLURM_ARRAY_TASK_ID=$task bash "${@: -1}" > "shard-$task.job-$job.log" 2>&1
        done
        exit 0

        """;

    private TemporaryFolder _folder = null!;
    private string? _path;

    [SetUp]
    public void Make()
    {
        _folder = new TemporaryFolder();
        _path = Environment.GetEnvironmentVariable("PATH");
    }

    [TearDown]
    public void Remove()
    {
        Environment.SetEnvironmentVariable("PATH", _path);
        _folder.Dispose();
    }

    [Test]
    public async Task Shards_that_were_lost_are_submitted_again_and_all_are_merged()
    {
        PlaySlurm();

        var (output, error, exit) = await Command.RunAsync(Slurm("--poll", "0.1"));

        Assert.That(exit, Is.Zero, error);
        Assert.That(error, Does.Contain("Not complete: shard 1: not begun, no log"));
        Assert.That(output, Does.Contain("Merged: ").And.Contain("merge.job-4.log"));
        Assert.That(File.Exists(_folder.File("parts/patch.html")));
        Assert.That(
            Asked("--array").Select(line => line.Split(' ')[3]),
            Is.EqualTo(new[] { "--array=0,1", "--array=1" })
        );
        Assert.That(
            Asked("merge.sbatch").Select(line => line.Split(' ')[3]),
            Is.EqualTo(new[] { "--dependency=afterok:1", "--dependency=afterok:3" })
        );
        await Command.RunAsync([.. Patch, "--out", _folder.File("whole")]);
        NearJson.Require(
            await File.ReadAllTextAsync(_folder.File("parts/patch.json")),
            await File.ReadAllTextAsync(_folder.File("whole/patch.json"))
        );
    }

    [Test]
    public async Task Attempts_end_with_the_shards_and_their_logs()
    {
        PlaySlurm("#!/bin/bash\necho 1\n");

        var (_, error, exit) = await Command.RunAsync(Slurm("--poll", "0.1", "--attempts", "1"));

        Assert.That(exit, Is.EqualTo(3));
        Assert.That(
            error,
            Does.Contain("Not complete after 1 attempts: shard 0: not begun, no log; shard 1: not begun")
        );
    }

    [Test]
    public async Task Jobs_that_are_queued_already_are_not_submitted_twice()
    {
        var folder = _folder.File("parts");
        PlaySlurm(queue: $"1|0|RUNNING|None|onnx-intervene-shard|{folder}\n2|N/A|PENDING|Dependency|other|/elsewhere");

        var (_, error, exit) = await Command.RunAsync(Slurm("--detach"));

        Assert.That(exit, Is.Zero, error);
        Assert.That(error, Does.Contain($"job 1 is queued already in {folder}"));
        Assert.That(File.Exists(_folder.File("asked")), Is.False);
    }

    [Test]
    public async Task Without_Slurm_scripts_are_written_all_the_same()
    {
        Environment.SetEnvironmentVariable("PATH", _folder.Path);

        var (_, missing, exit) = await Command.RunAsync(Slurm());
        Assert.That((exit, missing), Is.EqualTo((3, missing)));
        Assert.That(missing, Does.Contain("no 'sbatch' on the path").And.Contain("--write-only"));
        Assert.That(Directory.Exists(_folder.File("parts")), Is.False);

        var (_, error, written) = await Command.RunAsync(Slurm("--write-only"));
        Assert.That(written, Is.Zero, error);
        Assert.That(error, Does.Contain("sbatch --dependency=afterok:$id --kill-on-invalid-dep=yes merge.sbatch"));
        Assert.That(
            await File.ReadAllTextAsync(_folder.File("parts/array.sbatch")),
            Does.Contain("--answer ' fry'").And.Contain("--shard \"$SLURM_ARRAY_TASK_ID/2\"")
        );
    }

    [TestCase("inspect", "A study is wanted after --")]
    [TestCase("patch", "Give --clean or --clean-ids")]
    [TestCase(
        "patch --clean-ids 1,2 --corrupt-ids 1,3 --answer-id 4 --wrong-id 5 --shard 0/2",
        "--shard is not given to"
    )]
    [TestCase(
        "patch --component no_such_component --clean-ids 1,2 --corrupt-ids 1,3 --answer-id 4 --wrong-id 5",
        "no_such"
    )]
    public async Task A_study_that_cannot_be_run_is_refused_before_anything_is_submitted(string study, string message)
    {
        PlaySlurm();

        var (_, error, exit) = await Command.RunAsync([
            "slurm",
            "--shards",
            "2",
            "--out",
            _folder.File("parts"),
            "--",
            .. study.Split(' '),
        ]);

        Assert.That(exit, Is.EqualTo(1), error);
        Assert.That(error, Does.Contain(message));
        Assert.That(File.Exists(_folder.File("asked")), Is.False);
    }

    [Test]
    public async Task A_folder_of_another_study_or_number_of_shards_is_refused()
    {
        PlaySlurm();
        await Command.RunAsync([.. Patch, "--shard", "0/3", "--out", _folder.File("parts")]);

        var (_, count, exit) = await Command.RunAsync(Slurm());
        Assert.That((exit, count), Is.EqualTo((1, count)));
        Assert.That(count, Does.Contain("holds shard 0/3, and 2 shards are asked for"));

        var (_, other, second) = await Command.RunAsync([
            "slurm",
            "--shards",
            "3",
            "--out",
            _folder.File("parts"),
            "--",
            .. Patch,
            "--layers",
            "1",
        ]);
        Assert.That((second, other), Is.EqualTo((1, other)));
        Assert.That(other, Does.Contain("cells of another study"));
        Assert.That(File.Exists(_folder.File("asked")), Is.False);
    }

    private static string[] Patch =>
        [
            "patch",
            "--clean",
            "A young salmon is called a",
            "--corrupt",
            "A young elephant is called a",
            "--answer",
            " fry",
            "--wrong",
            " calf",
        ];

    private string[] Slurm(params string[] options) =>
        ["slurm", "--shards", "2", "--out", _folder.File("parts"), .. options, "--", .. Patch];

    private IEnumerable<string> Asked(string word) =>
        File.ReadLines(_folder.File("asked")).Where(line => line.Contains(word, StringComparison.Ordinal));

    private void PlaySlurm(string submit = Submit, string queue = "")
    {
        Play("sbatch", submit);
        Play("squeue", $"#!/bin/bash\ncat <<'END'\n{queue}\nEND\n");
        Play("scancel", "#!/bin/bash\n");
        Environment.SetEnvironmentVariable("PATH", $"{_folder.Path}{Path.PathSeparator}{_path}");
    }

    private void Play(string name, string text)
    {
        var path = _folder.File(name);
        File.WriteAllText(path, text.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
