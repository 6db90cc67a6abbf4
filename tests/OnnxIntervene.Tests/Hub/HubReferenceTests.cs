using OnnxIntervene.Hub;
using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Hub;

/// <summary>What a reference to the Hub may look like.</summary>
public sealed class HubReferenceTests
{
    [TestCase("hf:owner/name", "owner/name", "main", "")]
    [TestCase("hf://owner/name", "owner/name", "main", "")]
    [TestCase("hf:owner/na.m-e_2@v1.0", "owner/na.m-e_2", "v1.0", "")]
    [TestCase("hf:owner/name/onnx/", "owner/name", "main", "onnx")]
    [TestCase("hf:owner/name@refs/pr/7/onnx/model.onnx", "owner/name", "refs/pr/7", "onnx/model.onnx")]
    [TestCase("hf:owner/name@feature%2Fx/a b.onnx", "owner/name", "feature/x", "a b.onnx")]
    public void A_reference_names_repository_revision_and_path(
        string text,
        string repository,
        string revision,
        string path
    )
    {
        var reference = HubReference.Parse(text);

        Assert.That(
            (reference.Repository, reference.Revision, reference.Path),
            Is.EqualTo((repository, revision, path))
        );
    }

    [TestCase("hf:name")]
    [TestCase("hf:owner/name@")]
    [TestCase("hf:owner/../name")]
    [TestCase("hf:../name")]
    [TestCase("hf:owner--x/name")]
    [TestCase("hf:owner/.name")]
    [TestCase("hf:owner/name@..%2F..%2Fetc")]
    [TestCase("hf:owner/name/../x")]
    [TestCase("hf:owner/name/a\\b")]
    [TestCase("hf:owner/name\n")]
    public void What_could_leave_the_cache_is_no_reference(string text) =>
        Assert.That(
            () => HubReference.Parse(text),
            Throws.TypeOf<InterventionException>().With.Message.Contains("Example: hf:")
        );

    [TestCase("/etc/passwd")]
    [TestCase("a/../../b")]
    [TestCase("a\\b")]
    [TestCase("C:/x")]
    [TestCase("a//b")]
    [TestCase("a/./b")]
    [TestCase("aux.json")]
    [TestCase("sub/COM1")]
    [TestCase("a./b")]
    [TestCase("a\u0001")]
    [TestCase("")]
    public void A_path_that_leaves_its_folder_or_that_some_system_cannot_hold_is_at_fault(string path) =>
        Assert.That(HubPaths.Fault(path), Is.Not.Null);

    [TestCase("onnx/model.onnx_data_1")]
    [TestCase(".gitattributes")]
    [TestCase("console.txt")]
    [TestCase("ä/b c.json")]
    public void Other_paths_are_fine(string path) => Assert.That(HubPaths.Fault(path), Is.Null);

    [TestCase("model.onnx", true)]
    [TestCase("onnx/model.onnx_data", true)]
    [TestCase("onnx/model.onnx_data_1", true)]
    [TestCase("model.onnx.data", true)]
    [TestCase("tokenizer.json", true)]
    [TestCase("chat_template.jinja", true)]
    [TestCase("tokenizer.model", true)]
    [TestCase("das/intkey_layer.4.bin", true)]
    [TestCase("steer.safetensors", true)]
    [TestCase("README.md", true)]
    [TestCase("LICENSE.txt", true)]
    [TestCase("model.safetensors", false)]
    [TestCase("model-00001-of-00002.safetensors", false)]
    [TestCase("pytorch_model.bin", false)]
    [TestCase("tf_model.h5", false)]
    [TestCase("run.py", false)]
    public void Pulling_takes_what_a_model_folder_needs(string path, bool isTaken) =>
        Assert.That(HubFilter.Model.Takes(path), Is.EqualTo(isTaken));
}
