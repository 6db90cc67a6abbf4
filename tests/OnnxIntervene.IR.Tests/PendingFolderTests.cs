using OnnxIntervene.IR.Files;
using OnnxIntervene.Testing;

namespace OnnxIntervene.IR.Tests;

/// <summary>A folder holds the older set of files or the new one, and nothing of a set that was given up.</summary>
public sealed class PendingFolderTests
{
    [TestCase(true)]
    [TestCase(false)]
    public void A_set_replaces_the_older_one_and_leaves_what_is_not_of_it(bool exchanges)
    {
        using var area = new TemporaryFolder();
        var folder = area.File("out");
        Save(folder, exchanges, ("a", "old"), ("b", "old"), ("deep/c", "old"));
        File.WriteAllText(Path.Combine(folder, "mine"), "kept");
        File.WriteAllText(Path.Combine(folder, "deep", "mine"), "kept");
        File.CreateSymbolicLink(Path.Combine(folder, "link"), "mine");

        using (var files = new PendingFolder(folder, exchanges: exchanges))
        {
            files.Write("a", Text("new"));
            files.Write("deep/d", Text("new"));
            files.Remove("b");
            files.Remove("deep/c");
            Assert.That(Contents(folder)["a"], Is.EqualTo("old"));
            files.Commit();
        }

        Assert.That(
            Contents(folder),
            Is.EqualTo(
                new Dictionary<string, string>
                {
                    ["a"] = "new",
                    ["deep/d"] = "new",
                    ["deep/mine"] = "kept",
                    ["link"] = "kept",
                    ["mine"] = "kept",
                }
            )
        );
        Assert.That(new FileInfo(Path.Combine(folder, "link")).LinkTarget, Is.EqualTo("mine"));
        Assert.That(Directory.GetFileSystemEntries(area.Path), Is.EqualTo(new[] { folder }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_set_that_is_given_up_leaves_nothing(bool exchanges)
    {
        using var area = new TemporaryFolder();
        var folder = area.File("out");
        Save(folder, exchanges, ("a", "old"));

        using (var files = new PendingFolder(folder, exchanges: exchanges))
        {
            files.Write("a", Text("new"));
            Assert.That(() => files.Write("b", _ => throw new IOException("full")), Throws.TypeOf<IOException>());
        }

        Assert.That(Contents(folder), Is.EqualTo(new Dictionary<string, string> { ["a"] = "old" }));
        Assert.That(Directory.GetFileSystemEntries(area.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public void What_is_not_whole_when_the_process_ends_is_deleted_and_gets_no_name()
    {
        using var area = new TemporaryFolder();
        using var path = new TemporaryPath(area.File("out"));
        Directory.CreateDirectory(Path.Combine(path.Value, "deep"));

        path.GiveUp();

        Assert.That(Directory.GetFileSystemEntries(area.Path), Is.Empty);
        Assert.That(path.Keep, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void What_is_about_to_get_its_name_when_the_process_ends_is_left_to_get_it()
    {
        using var area = new TemporaryFolder();
        using var path = new TemporaryPath(area.File("out"));
        File.WriteAllText(path.Value, "whole");

        path.Keep();
        path.GiveUp();

        Assert.That(File.ReadAllText(path.Value), Is.EqualTo("whole"));
    }

    [Test]
    public void A_folder_is_new_only_when_it_is_whole()
    {
        using var area = new TemporaryFolder();
        var folder = area.File("out");

        using var files = new PendingFolder(folder, "index");
        files.Write("index", Text("new"));
        Assert.That(Directory.Exists(folder), Is.False);
        files.Commit();

        Assert.That(Contents(folder), Has.Count.EqualTo(1));
    }

    [Test]
    public void What_a_killed_process_left_is_deleted_and_what_a_running_one_writes_is_not()
    {
        using var area = new TemporaryFolder();
        var (folder, left) = (area.File("out"), $"{int.MaxValue}-0123abcd.partial");
        Directory.CreateDirectory(folder);
        Directory.CreateDirectory(area.File($".out.{left}"));
        File.WriteAllText(Path.Combine(area.File($".out.{left}"), "a"), "half");
        File.WriteAllText(Path.Combine(folder, $"a.{left}"), "half");
        File.WriteAllText(Path.Combine(folder, $"of-others.partial"), "kept");
        File.WriteAllText(area.File($"other.{left}"), "kept");
        using var running = new PendingFolder(folder);
        running.Write("b", Text("b"));

        Save(folder, true, ("a", "new"));
        running.Commit();

        Assert.That(Contents(folder).Keys, Is.EquivalentTo(["a", "b", "of-others.partial"]));
        running.Dispose();
        Assert.That(Directory.GetFileSystemEntries(area.Path), Is.EquivalentTo([folder, area.File($"other.{left}")]));
    }

    [Test]
    public void A_file_is_written_through_another_name_that_a_later_write_cleans_up()
    {
        using var area = new TemporaryFolder();
        File.WriteAllText(area.File($"a.{int.MaxValue}-0123abcd.partial"), "half");

        PendingFile.Write(area.File("a"), Text("whole"));
        Assert.That(
            () => PendingFile.Write(area.File("a"), _ => throw new IOException("full")),
            Throws.TypeOf<IOException>()
        );

        Assert.That(Contents(area.Path), Is.EqualTo(new Dictionary<string, string> { ["a"] = "whole" }));
    }

    // Files of threads that save at once are those of one thread, and files of others are not lost.
    [TestCase(true)]
    [TestCase(false)]
    public void Sets_of_many_threads_are_never_mixed(bool exchanges)
    {
        using var area = new TemporaryFolder();
        var folder = area.File("out");
        Directory.CreateDirectory(folder);

        Parallel.For(
            0,
            64,
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            number =>
            {
                using var files = new PendingFolder(folder, exchanges: exchanges);
                files.Write($"a{number % 2}", Text($"{number}"));
                files.Write($"b{number % 2}", Text($"{number}"));
                files.Commit();
            }
        );

        var contents = Contents(folder);
        Assert.That(contents, Has.Count.EqualTo(4));
        Assert.That(contents["a0"], Is.EqualTo(contents["b0"]));
        Assert.That(contents["a1"], Is.EqualTo(contents["b1"]));
        Assert.That(Directory.GetFileSystemEntries(area.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public void A_link_to_a_folder_stays_one()
    {
        using var area = new TemporaryFolder();
        Directory.CreateDirectory(area.File("real"));
        Directory.CreateSymbolicLink(area.File("link"), area.File("real"));

        Save(area.File("link"), true, ("a", "new"));

        Assert.That(Contents(area.File("real")).Keys, Is.EqualTo(new[] { "a" }));
        Assert.That(new DirectoryInfo(area.File("link")).LinkTarget, Is.EqualTo(area.File("real")));
    }

    [Test]
    public void A_file_where_the_folder_should_be_is_named()
    {
        using var area = new TemporaryFolder();
        File.WriteAllText(area.File("out"), "");

        Assert.That(
            () => new PendingFolder(area.File("out")),
            Throws.TypeOf<IOException>().With.Message.Contains("is a file")
        );
    }

    private static void Save(string folder, bool exchanges, params (string Name, string Text)[] contents)
    {
        using var files = new PendingFolder(folder, exchanges: exchanges);
        foreach (var (name, text) in contents)
            files.Write(name, Text(text));
        files.Commit();
    }

    private static Action<Stream> Text(string text) => stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text));

    private static SortedDictionary<string, string> Contents(string folder) =>
        new(
            Directory
                .GetFiles(folder, "*", SearchOption.AllDirectories)
                .ToDictionary(
                    path => Path.GetRelativePath(folder, path).Replace('\\', '/'),
                    path => File.ReadAllText(path)
                ),
            StringComparer.Ordinal
        );
}
