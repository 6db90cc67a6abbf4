using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Tests.Generation;

/// <summary>Text is generated with models that read one text alone; others are refused before anything runs.</summary>
public sealed class GenerationInputTests
{
    [TestCase("t5-decoder/optimum/model.onnx", "an encoder and a decoder (its input 'encoder_hidden_states')")]
    [TestCase("t5-decoder/optimum-merged/model.onnx", "an encoder and a decoder (its input 'encoder_hidden_states')")]
    [TestCase("blip/torchscript/model.onnx", "reads 'pixel_values' beside the text")]
    [TestCase("whisper-encoder/torchscript/model.onnx", "no input 'input_ids'")]
    public void Models_that_read_something_else_are_refused(string export, string reason)
    {
        using var loaded = ReferenceExports.Load(export);
        using var model = loaded.With(IntervenableConfig.Empty);

        Assert.That(
            () =>
                model.PlanGeneration([
                    [5, 9, 23],
                ]),
            Throws.TypeOf<InterventionException>().With.Message.Contains(reason)
        );
    }
}
