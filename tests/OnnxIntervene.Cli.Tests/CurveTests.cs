using System.Text.Json;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>Pictures of trainings' logs.</summary>
public sealed class CurveTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task A_log_becomes_pictures_of_loss_and_accuracy()
    {
        var log = Write(
            """
            {"epoch":0,"batch":0,"step":1,"loss":0.7,"accuracy":0.5,"gradient_norm":1.5}
            {"epoch":0,"step":1,"held_out_accuracy":0.25}
            {"epoch":1,"batch":0,"step":2,"loss":0.6,"accuracy":0.75,"gradient_norm":null}
            {"epoch":1,"step":2,"held_out_accuracy":0.5}

            """
        );

        var (output, error, exit) = await Command.RunAsync("curve", log, "--out", _folder.File("curve"), "--json");

        Assert.That(exit, Is.Zero, error);
        var result = JsonDocument.Parse(output).RootElement;
        Assert.That(result.GetProperty("batches").GetArrayLength(), Is.EqualTo(2));
        Assert.That(result.GetProperty("held_out")[1].GetProperty("accuracy").GetDouble(), Is.EqualTo(0.5));
        foreach (var name in new[] { "curve.html", "curve-loss.png", "curve-accuracy.png", "curve-accuracy.csv" })
            Assert.That(File.Exists(_folder.File($"curve/{name}")), name);
    }

    [TestCase("", "no batches")]
    [TestCase("epoch 0", "not JSON")]
    public async Task What_is_no_log_is_refused(string text, string reason)
    {
        var (_, error, exit) = await Command.RunAsync("curve", Write(text), "--out", _folder.File("curve"));

        Assert.That(exit, Is.EqualTo(2), error);
        Assert.That(error, Does.Contain(reason));
        Assert.That(Directory.Exists(_folder.File("curve")), Is.False);
    }

    private string Write(string text)
    {
        File.WriteAllText(_folder.File("log.jsonl"), text);
        return _folder.File("log.jsonl");
    }
}
