using System.Diagnostics;
using OnnxIntervene.Cli.Slurm;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>What the user wrote is data in scripts, whatever is in it; what Slurm answers is read as it is.</summary>
public sealed class SlurmScriptTests
{
    private static readonly string[] s_hostile =
    [
        "patch",
        "",
        " fry",
        "it's",
        "$(touch made)",
        "`touch made`",
        "${HOME}",
        "\"; touch made; \"",
        "a\nb\\",
        "*",
        "-n",
        "~",
        "#",
        "ü …",
    ];

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    [Platform(Exclude = "Win", Reason = "Scripts of Slurm are for a POSIX shell.")]
    public void A_shell_gets_every_argument_as_it_was_written()
    {
        var folder = Directory.CreateDirectory(_folder.File("a folder's $(touch made)")).FullName;
        var scripts = Scripts(folder);
        scripts.Write();

        var words = Run(scripts.ArrayPath).TrimEnd('\0').Split('\0');

        Assert.That(
            words.SkipLast(1),
            Is.EqualTo(s_hostile.Concat(["--shard", "2/4", "--threads", "3", "--out", folder]))
        );
        Assert.That(words[^1].Trim(), Is.EqualTo("exit code 0"));
        Assert.That(Run(scripts.MergePath), Does.StartWith($"merge\0{folder}\0"));
        Assert.That(Directory.GetFiles(_folder.Path, "made", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public void A_script_says_what_it_asks_of_Slurm()
    {
        var text = Scripts(_folder.Path).Array();

        Assert.That(
            text.Split('\n').TakeWhile(line => line.Length > 0),
            Is.EqualTo(
                new[]
                {
                    "#!/bin/bash",
                    "#SBATCH --job-name=onnx-intervene-shard",
                    "#SBATCH --array=0-3",
                    "#SBATCH --output=shard-%a.job-%A.log",
                    "#SBATCH --gres=gpu:1",
                }
            )
        );
    }

    [Test]
    public void Scripts_that_say_something_else_are_noticed()
    {
        var scripts = Scripts(_folder.Path);
        Assert.That(scripts.Differ, Is.False);
        scripts.Write();

        Assert.That(scripts.Differ, Is.False);
        Assert.That((scripts with { Shards = 5 }).Differ);
    }

    [TestCase("--partition=gpu")]
    [TestCase("-pgpu")]
    [TestCase("--gres=gpu:a100:2")]
    [TestCase("--constraint=a100&nvlink")]
    [TestCase("--time=1-00:00:00")]
    [TestCase("--exclude=node[1-3],node7")]
    public void An_option_of_sbatch_is_taken(string option) =>
        Assert.That(SlurmOption.Parse(option).Text, Is.EqualTo(option));

    [TestCase("partition=gpu")]
    [TestCase("--comment=a b")]
    [TestCase("--comment=a\ntouch made")]
    [TestCase("--comment=a#b")]
    [TestCase("--comment='a'")]
    [TestCase("")]
    [TestCase("--array=0-9")]
    [TestCase("--arr=0-9")]
    [TestCase("-a0-9")]
    [TestCase("--output=x")]
    [TestCase("--dependency=singleton")]
    [TestCase("-J")]
    public void An_option_that_is_none_or_is_ours_is_refused(string option) =>
        Assert.That(
            () => SlurmOption.Parse(option),
            Throws.InstanceOf<InterventionException>().With.Message.Contain($"--sbatch '{option}'")
        );

    [Test]
    public void A_line_of_the_queue_is_read()
    {
        Assert.That(
            SlurmTask.Parse("12|3|PENDING|Resources|onnx-intervene-shard|/a|b"),
            Is.EqualTo(new SlurmTask("12", 3, "PENDING", "Resources", "onnx-intervene-shard", "/a|b"))
        );
        Assert.That(SlurmTask.Parse("13|N/A|RUNNING|None|onnx-intervene-merge|/a")!.Index, Is.Null);
        Assert.That(SlurmTask.Parse("slurm_load_jobs error"), Is.Null);
    }

    [Test]
    public void A_log_says_how_a_job_ended()
    {
        File.WriteAllText(_folder.File("shard-1.job-7.log"), "no such thing\nexit code 3\n");
        File.WriteAllText(_folder.File("shard-2.job-7.log"), "slurmstepd: killed\n");
        File.SetLastWriteTimeUtc(_folder.File("shard-2.job-7.log"), DateTime.UnixEpoch);
        File.WriteAllText(_folder.File("shard-2.job-6.log"), "");

        Assert.That(SlurmLog.OfShard(_folder.Path, 0), Is.Null);
        Assert.That(
            SlurmLog.OfShard(_folder.Path, 1)!.Why,
            Is.EqualTo($"exit code 3, \"no such thing\", log {_folder.File("shard-1.job-7.log")}")
        );
        Assert.That(SlurmLog.OfShard(_folder.Path, 2)!.Path, Is.EqualTo(_folder.File("shard-2.job-6.log")));
        Assert.That(SlurmLog.OfShard(_folder.Path, 2)!.Why, Does.StartWith("ended from outside"));
    }

    private SlurmScripts Scripts(string folder) =>
        new()
        {
            Folder = folder,
            WorkingFolder = _folder.Path,
            Executable = ["printf", "%s\\0"],
            Study = [.. s_hostile],
            Shards = 4,
            Options = [SlurmOption.Parse("--gres=gpu:1")],
        };

    private static string Run(string script)
    {
        var start = new ProcessStartInfo("bash", [script]) { RedirectStandardOutput = true };
        start.Environment["SLURM_ARRAY_TASK_ID"] = "2";
        start.Environment["SLURM_CPUS_ON_NODE"] = "3";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
