using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Reading;

/// <summary>What was read in both runs of one prompt.</summary>
/// <param name="Prompt">The number of the prompt.</param>
/// <param name="Clean">What its clean run holds.</param>
/// <param name="Corrupt">What its corrupt run holds.</param>
internal sealed record PromptPair(int Prompt, PromptReading Clean, PromptReading Corrupt)
{
    /// <summary>The clean and the corrupt run's logits where the prompt is measured.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="output">The name of the model's first output, for messages.</param>
    /// <exception cref="IR.InterventionException">An answer is no token of the model.</exception>
    public float[][] Logits(StudyPrompt prompt, string output)
    {
        var all = Clean.Logits!;
        AnswerLogits.Require(all.Reshape([1, .. all.Shape]), output, prompt.Answers);
        var position = prompt.MeasuredPosition;
        return [Clean.LogitsAt(position).ToArray(), Corrupt.LogitsAt(position).ToArray()];
    }
}
