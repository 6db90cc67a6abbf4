using System.Text.Json;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Cli.Tests;

/// <summary>What <c>providers</c> lists and <c>--provider</c> refuses, whatever this machine has.</summary>
public sealed class ProvidersTests
{
    [Test]
    public void Providers_lists_the_processor_which_works_everywhere()
    {
        var (text, errors) = Command.Invoke("providers");

        Assert.That(text, Does.Contain(ExecutionProviders.RuntimeVersion).And.Contain("CPUExecutionProvider"));
        Assert.That(errors, Is.Empty);
    }

    [Test]
    public void Json_says_of_each_provider_whether_it_works_or_why_not()
    {
        using var json = JsonDocument.Parse(Command.Invoke("providers", "--json").Output);

        var providers = json
            .RootElement.GetProperty("providers")
            .EnumerateArray()
            .ToDictionary(item => item.GetProperty("name").GetString()!);
        Assert.That(providers["cpu"].GetProperty("works").GetBoolean(), Is.True);
        foreach (var item in providers.Values)
        {
            var reason = item.GetProperty("reason").GetString();
            Assert.That(reason is null, Is.EqualTo(item.GetProperty("works").GetBoolean()));
            Assert.That(reason ?? "", Does.Contain(item.GetProperty("missing_library").GetString() ?? ""));
        }
    }

    [TestCase("cuda")]
    [TestCase("tensorrt")]
    [TestCase("dml")]
    [TestCase("coreml")]
    [TestCase("openvino")]
    [TestCase("qnn")]
    [TestCase("no-such-provider")]
    public void A_provider_that_is_not_there_or_does_not_load_is_refused_in_one_message(string provider)
    {
        var status = ExecutionProviders.Probe().SingleOrDefault(item => item.Name == provider);
        if (status is { Works: true })
            Assert.Ignore($"'{provider}' works on this machine.");

        Assert.That(
            () =>
                Command.Invoke(
                    "collect",
                    "--component",
                    "block_output",
                    "--base",
                    "The",
                    "--out",
                    "unused.npy",
                    "--provider",
                    provider
                ),
            Throws
                .TypeOf(status is null ? typeof(InterventionException) : typeof(ExecutionException))
                .With.Message.Contains($"'{provider}'")
                .And.Message.Contains(status?.MissingLibrary ?? "cpu")
        );
    }

    [TestCase("cpu")]
    [TestCase("CPU")]
    [TestCase("CPUExecutionProvider")]
    public void A_provider_is_named_shortly_or_in_full(string provider)
    {
        var (output, _) = Command.Invoke(
            "run",
            "--config",
            Path.Combine(Testing.RepositoryPaths.Root, "examples", "steer.json"),
            "--base",
            "The company Volvo makes",
            "--provider",
            provider
        );

        Assert.That(output, Does.Contain("estates"));
    }
}
