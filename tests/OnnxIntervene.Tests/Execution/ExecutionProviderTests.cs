using OnnxIntervene.Runtime;

namespace OnnxIntervene.Tests.Execution;

/// <summary>Which library keeps an execution provider from loading.</summary>
public sealed class ExecutionProviderTests
{
    // As glibc, musl and macOS say it; Windows names no library.
    [TestCase(
        "Unable to load ...cuda.so:\nlibcublasLt.so.13: cannot open shared object file: No such file",
        "libcublasLt.so.13"
    )]
    [TestCase(
        "/opt/libonnxruntime_providers_cuda.so: cannot open shared object file: No such file",
        "libonnxruntime_providers_cuda.so"
    )]
    [TestCase(
        "Error loading shared library libcudart.so.13: No such file or directory (needed by /opt/x.so)",
        "libcudart.so.13"
    )]
    [TestCase(
        "dlopen(/opt/x.dylib, 0x1): Library not loaded: @rpath/libopenvino.dylib\n  Referenced from: /opt/x.dylib",
        "libopenvino.dylib"
    )]
    [TestCase(
        "Unable to load DLL 'x.dll' or one of its dependencies: The specified module could not be found. (0x8007007E)",
        null
    )]
    public void The_loaders_message_names_what_is_missing(string message, string? library) =>
        Assert.That(ProviderLibrary.MissingIn(message), Is.EqualTo(library));

    [Test]
    public void A_provider_without_a_library_of_its_own_lacks_none() =>
        Assert.That(ProviderLibrary.FindMissing("CPUExecutionProvider"), Is.Null);

    [Test]
    public void A_provider_whose_own_library_is_not_there_lacks_that() =>
        Assert.That(ProviderLibrary.FindMissing("CANNExecutionProvider"), Does.Contain("onnxruntime_providers_cann"));

    [Test]
    public void The_processor_works_and_is_named_as_options_name_it()
    {
        var status = ExecutionProviders.Probe().Single(item => item.FullName == "CPUExecutionProvider");

        Assert.That(
            status,
            Is.EqualTo(new ExecutionProviderStatus(new ExecutionOptions().Provider, "CPUExecutionProvider"))
        );
        Assert.That(status.Works);
    }
}
