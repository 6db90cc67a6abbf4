using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Formats;

/// <summary>
/// A LoRA changes the modules that its configuration means, as in PEFT (peft/tuners/tuners_utils.py,
/// check_target_module_exists), which passes over the matrices of others; here they are refused. The sample has
/// matrices of q_proj and v_proj in layers 0 to 3.
/// </summary>
public sealed class LoraTargetsTests
{
    private static readonly string s_sample = Path.Combine(RepositoryPaths.OwnReferences, "formats", "lora");

    [TestCase("\"target_modules\": null")]
    [TestCase("\"target_modules\": [\"q_proj\", \"v_proj\", \"k_proj\"]")]
    [TestCase("\"target_modules\": [\"self_attn.q_proj\", \"v_proj\"]")]
    [TestCase("\"target_modules\": \"all-linear\"")]
    [TestCase("\"target_modules\": \"All-Linear\"")]
    [TestCase("\"target_modules\": \".*(q|v)_proj\"")]
    [TestCase("\"target_modules\": \"^(?!.*visual).*\\\\.[qv]_proj$\"")]
    [TestCase("\"target_modules\": [\"q_proj\", \"v_proj\"], \"layers_to_transform\": [0, 1, 2, 3]")]
    [TestCase("\"target_modules\": [\"q_proj\", \"v_proj\"], \"layers_to_transform\": []")]
    [TestCase(
        "\"target_modules\": [\"q_proj\", \"v_proj\"], \"layers_to_transform\": [0, 1, 2, 3], "
            + "\"layers_pattern\": [\"blocks\", \"layers\"]"
    )]
    [TestCase("\"target_modules\": [\"q_proj\", \"v_proj\"], \"exclude_modules\": [\"proj\", \"lm_head\"]")]
    [TestCase("\"target_modules\": [\"q_proj\", \"v_proj\"], \"exclude_modules\": \"q_proj\"")]
    public void Matrices_of_modules_that_are_meant_are_read(string options)
    {
        using var folder = new TemporaryFolder();
        Write(folder, options);

        Assert.That(LoraAdapter.Read(folder.Path).Modules, Has.Length.EqualTo(8));
    }

    [TestCase("\"target_modules\": [\"q_proj\"]", "layers.0.self_attn.v_proj, model.layers.1.self_attn.v_proj")]
    [TestCase("\"target_modules\": [\"proj\", \"v_proj\"]", "layers.3.self_attn.q_proj")]
    [TestCase("\"target_modules\": []", "layers.0.self_attn.q_proj, model.layers.0.self_attn.v_proj")]
    [TestCase("\"target_modules\": \"q_proj\"", "layers.0.self_attn.q_proj")]
    [TestCase("\"target_modules\": \".*\\\\.q_proj\"", "layers.2.self_attn.v_proj")]
    [TestCase("\"exclude_modules\": [\"2.self_attn.q_proj\"]", "has matrices of model.layers.2.self_attn.q_proj,")]
    [TestCase("\"exclude_modules\": \".*[.]v_proj\"", "has matrices of model.layers.0.self_attn.v_proj,")]
    [TestCase("\"target_modules\": [\"q_proj\", \"v_proj\"], \"layers_to_transform\": 1", "layers.0.self_attn.q_proj")]
    [TestCase(
        "\"target_modules\": [\"q_proj\", \"v_proj\"], \"layers_to_transform\": [0, 1, 2]",
        "has matrices of model.layers.3.self_attn.q_proj, model.layers.3.self_attn.v_proj,"
    )]
    [TestCase(
        "\"target_modules\": [\"q_proj\", \"v_proj\"], \"layers_to_transform\": [0, 1, 2, 3], "
            + "\"layers_pattern\": \"h\"",
        "layers.0.self_attn.q_proj"
    )]
    public void Matrices_of_modules_that_are_left_out_are_refused_by_name(string options, string message)
    {
        using var folder = new TemporaryFolder();
        Write(folder, options);

        Assert.That(
            () => LoraAdapter.Read(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message).And.Message.Contains("target_modules")
        );
    }

    [TestCase("\"target_modules\": 3", "$.target_modules: a list of modules")]
    [TestCase("\"target_modules\": [3]", "$.target_modules[0]")]
    [TestCase("\"target_modules\": \"(\"", "not supported")]
    [TestCase("\"target_modules\": \"(?P<name>q_proj)\"", "not supported")]
    [TestCase("\"target_modules\": \"(.*)*(.*)*(.*)*x\"", "takes too long")]
    [TestCase("\"target_modules\": \".*\", \"layers_to_transform\": [1]", "layers_to_transform")]
    [TestCase("\"layers_to_transform\": \"1\"", "$.layers_to_transform")]
    [TestCase("\"layers_to_transform\": [1], \"layers_pattern\": \"(a+)+\"", "regular expression")]
    public void What_does_not_say_which_modules_are_meant_is_refused(string options, string message)
    {
        using var folder = new TemporaryFolder();
        Write(folder, options);

        Assert.That(
            () => LoraAdapter.Read(folder.Path),
            Throws.TypeOf<ModelFormatException>().With.Message.Contains(message)
        );
    }

    private static void Write(TemporaryFolder folder, string options)
    {
        File.WriteAllText(
            folder.File("adapter_config.json"),
            $"{{\"peft_type\": \"LORA\", \"r\": 4, \"lora_alpha\": 8, {options}}}"
        );
        File.Copy(
            Path.Combine(s_sample, "adapter_model.safetensors"),
            folder.File("adapter_model.safetensors"),
            overwrite: true
        );
    }
}
