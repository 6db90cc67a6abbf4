using OnnxIntervene.IR.Files;
using OnnxIntervene.Testing;

namespace OnnxIntervene.IR.Tests;

/// <summary>Names may not leave a folder, by their text or by links; download caches are understood.</summary>
public sealed class FolderBoundaryTests
{
    [Test]
    public void A_link_out_of_the_folder_is_outside_and_a_link_within_it_is_inside()
    {
        using var area = new TemporaryFolder();
        var folder = Directory.CreateDirectory(area.File("in")).FullName;
        File.WriteAllText(area.File("secret"), "");
        File.WriteAllText(area.File("in/own"), "");
        File.CreateSymbolicLink(area.File("in/out"), area.File("secret"));
        File.CreateSymbolicLink(area.File("in/chain"), "out");
        File.CreateSymbolicLink(area.File("in/alias"), "own");
        Directory.CreateSymbolicLink(area.File("in/up"), area.Path);
        Directory.CreateSymbolicLink(area.File("door"), folder);

        foreach (var boundary in new[] { FolderBoundary.Of(folder), FolderBoundary.Of(area.File("door")) })
        {
            Assert.That(boundary.Holds(area.File("in/own")));
            Assert.That(boundary.Holds(area.File("in/alias")));
            Assert.That(boundary.Holds(area.File("in/none")));
            Assert.That(boundary.Holds(area.File("in/out")), Is.False);
            Assert.That(boundary.Holds(area.File("in/chain")), Is.False);
            Assert.That(boundary.Holds(area.File("in/up/secret")), Is.False);
            Assert.That(boundary.Includes("own"));
            Assert.That(boundary.Includes("../secret"), Is.False);
            Assert.That(boundary.Includes("../inside"), Is.False);
            Assert.That(
                () => boundary.Checked(area.File("in/out")),
                Throws.TypeOf<ModelFormatException>().With.Message.Contains("link")
            );
        }
    }

    [Test]
    public void A_file_that_is_a_link_itself_brings_the_folder_where_it_really_is()
    {
        using var area = new TemporaryFolder();
        Directory.CreateDirectory(area.File("real"));
        Directory.CreateDirectory(area.File("seen"));
        File.WriteAllText(area.File("real/file"), "");
        File.WriteAllText(area.File("real/weights"), "");
        File.CreateSymbolicLink(area.File("seen/file"), area.File("real/file"));
        File.CreateSymbolicLink(area.File("seen/weights"), area.File("real/weights"));

        Assert.That(FolderBoundary.Around(area.File("seen/file")).Holds(area.File("seen/weights")));
        Assert.That(FolderBoundary.Of(area.File("seen")).Holds(area.File("seen/weights")), Is.False);
    }

    [Test]
    public void A_snapshot_of_the_hubs_cache_may_link_to_its_contents_and_nothing_else()
    {
        using var area = new TemporaryFolder();
        var snapshot = Directory.CreateDirectory(area.File("repository/snapshots/0123/onnx")).FullName;
        Directory.CreateDirectory(area.File("repository/blobs"));
        File.WriteAllText(area.File("repository/blobs/aa"), "");
        File.WriteAllText(area.File("secret"), "");
        File.CreateSymbolicLink(Path.Combine(snapshot, "good"), "../../../blobs/aa");
        File.CreateSymbolicLink(Path.Combine(snapshot, "bad"), area.File("secret"));

        var boundary = FolderBoundary.Of(snapshot);

        Assert.That(boundary.Holds(Path.Combine(snapshot, "good")));
        Assert.That(boundary.Holds(Path.Combine(snapshot, "bad")), Is.False);

        Directory.Delete(area.File("repository/blobs"), recursive: true);
        Directory.CreateSymbolicLink(area.File("repository/blobs"), area.Path);
        File.WriteAllText(area.File("aa"), "");
        Assert.That(FolderBoundary.Of(snapshot).Holds(Path.Combine(snapshot, "good")), Is.False);
    }
}
