using OnnxIntervene.Hub;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Hub;

/// <summary>What the variables mean that all of the Hub's libraries share.</summary>
public sealed class HubEnvironmentTests
{
    [Test]
    public void Without_variables_the_usual_places_are_used()
    {
        using var folder = new TemporaryFolder();
        Write(folder.File(".cache/huggingface/token"), "hf_stored\n");

        var options = Read(folder.Path, []);

        Assert.That(options.Endpoint, Is.EqualTo(new Uri("https://huggingface.co")));
        Assert.That(options.CacheFolder, Is.EqualTo(folder.File(".cache/huggingface/hub")));
        Assert.That(options.Token, Is.EqualTo("hf_stored"));
        Assert.That(options.IsOffline, Is.False);
    }

    [Test]
    public void Variables_stand_before_files()
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("home/token"), "hf_home");
        Write(folder.File("other"), "hf_other");
        (string, string)[] home = [("HF_HOME", folder.File("home"))];

        Assert.That(Read(folder.Path, home).Token, Is.EqualTo("hf_home"));
        Assert.That(Read(folder.Path, home).CacheFolder, Is.EqualTo(folder.File("home/hub")));
        Assert.That(
            Read(folder.Path, [.. home, ("HF_TOKEN_PATH", folder.File("other"))]).Token,
            Is.EqualTo("hf_other")
        );
        Assert.That(Read(folder.Path, [.. home, ("HUGGING_FACE_HUB_TOKEN", "hf_old")]).Token, Is.EqualTo("hf_old"));
        Assert.That(
            Read(folder.Path, [.. home, ("HF_TOKEN", "hf_new"), ("HUGGING_FACE_HUB_TOKEN", "hf_old")]).Token,
            Is.EqualTo("hf_new")
        );
        Assert.That(
            Read(folder.Path, [.. home, ("HF_HUB_CACHE", folder.File("cache"))]).CacheFolder,
            Is.EqualTo(folder.File("cache"))
        );
        Assert.That(
            Read(folder.Path, [("XDG_CACHE_HOME", folder.File("xdg"))]).CacheFolder,
            Is.EqualTo(folder.File("xdg/huggingface/hub"))
        );
        Assert.That(Read(folder.Path, [("HF_HUB_OFFLINE", "1"), ("HF_ENDPOINT", "http://mirror:8080/hf/")]).IsOffline);
    }

    [Test]
    public void What_no_variable_may_hold_is_refused_without_showing_a_token()
    {
        Assert.That(
            () => Read("/none", [("HF_ENDPOINT", "file:///etc")]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("file:///etc")
        );
        Assert.That(
            () => Read("/none", [("HF_TOKEN", "hf_a secret")]),
            Throws.TypeOf<InterventionException>().With.Message.Not.Contains("secret")
        );
        Assert.That(Read("/none", [("HF_TOKEN", "hf_secret")]).ToString(), Does.Not.Contain("secret"));
    }

    private static HubOptions Read(string user, (string Name, string Value)[] variables) =>
        HubEnvironment.Read(name => variables.FirstOrDefault(variable => variable.Name == name).Value, user);

    private static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
