using OnnxIntervene.Testing;
using OnnxIntervene.Testing.Hostile;

namespace OnnxIntervene.Tests.Files;

/// <summary>
/// Files that were once read wrongly are read or refused as the documentation says. The fuzzer found them; each is in a
/// folder that is named after its reader and after what went wrong.
/// </summary>
public sealed class HostileFileTests
{
    private static IEnumerable<TestCaseData> Files() =>
        Directory
            .EnumerateDirectories(RepositoryPaths.Hostile)
            .SelectMany(reader =>
                Directory.EnumerateDirectories(reader).Select(folder => (Reader: Path.GetFileName(reader), folder))
            )
            .SelectMany(found =>
                Readers(found.Reader)
                    .Select(reader =>
                        new TestCaseData(reader, found.folder).SetArgDisplayNames(
                            reader,
                            Path.GetFileName(found.folder)
                        )
                    )
            );

    [TestCaseSource(nameof(Files))]
    public void A_broken_file_is_read_or_refused_as_documented(string reader, string folder)
    {
        using var copy = new TemporaryFolder();
        foreach (var file in Directory.EnumerateFiles(folder))
            File.Copy(file, copy.File(Path.GetFileName(file)));
        var main = HostileFile.In(copy.Path);

        try
        {
            HostileTarget.Named(reader).Read(main, new HostileSteps(_ => { }));
        }
        catch (Exception fault) when (HostileSteps.IsDocumented(fault))
        {
            Assert.That(fault.Message, Is.Not.Empty);
        }
    }

    // What breaks the search for components must not break a run either.
    private static string[] Readers(string folder) => folder == "model" ? ["model", "run"] : [folder];
}
