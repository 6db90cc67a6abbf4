using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Testing;
using PublicApiGenerator;

namespace OnnxIntervene.Reports.Tests;

/// <summary>The public surface changes only on purpose: the text beside this test shows it.</summary>
public sealed class PublicSurfaceTests
{
    [Test]
    public void The_public_surface_is_the_one_in_the_text()
    {
        var path = Path.Combine(
            RepositoryPaths.Root,
            "tests",
            "OnnxIntervene.Reports.Tests",
            "OnnxIntervene.Reports.txt"
        );
        var surface =
            typeof(Heatmap)
                .Assembly.GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false })
                .ReplaceLineEndings("\n") + "\n";

        // To take a change over: ONNX_INTERVENE_WRITE_SURFACE=1 dotnet test, and read what changed.
        if (Environment.GetEnvironmentVariable("ONNX_INTERVENE_WRITE_SURFACE") == "1")
            File.WriteAllText(path, surface);

        Assert.That(surface, Is.EqualTo(File.ReadAllText(path)));
    }
}
