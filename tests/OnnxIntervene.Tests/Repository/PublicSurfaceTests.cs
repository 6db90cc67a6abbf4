using OnnxIntervene.Chat;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Probing;
using OnnxIntervene.Testing;
using PublicApiGenerator;

namespace OnnxIntervene.Tests.Repository;

/// <summary>The public surface changes only on purpose: the texts beside this test show it.</summary>
public sealed class PublicSurfaceTests
{
    private static readonly Dictionary<string, Type> s_assemblies = new()
    {
        ["OnnxIntervene.IR"] = typeof(Model),
        ["OnnxIntervene"] = typeof(IntervenableModel),
        ["OnnxIntervene.Chat"] = typeof(SteeredChatClient),
        ["OnnxIntervene.Probing"] = typeof(LinearProbe),
    };

    [TestCase("OnnxIntervene.IR")]
    [TestCase("OnnxIntervene")]
    [TestCase("OnnxIntervene.Chat")]
    [TestCase("OnnxIntervene.Probing")]
    public void The_public_surface_is_the_one_in_the_text(string name)
    {
        var path = Path.Combine(RepositoryPaths.Root, "tests", "OnnxIntervene.Tests", "Repository", $"{name}.txt");
        var surface =
            s_assemblies[name]
                .Assembly.GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false })
                .ReplaceLineEndings("\n") + "\n";

        // To take a change over: ONNX_INTERVENE_WRITE_SURFACE=1 dotnet test, and read what changed.
        if (Environment.GetEnvironmentVariable("ONNX_INTERVENE_WRITE_SURFACE") == "1")
            File.WriteAllText(path, surface);

        Assert.That(surface, Is.EqualTo(File.ReadAllText(path)));
    }
}
