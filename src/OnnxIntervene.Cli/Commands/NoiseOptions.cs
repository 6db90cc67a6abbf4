using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Tracing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How the runs of a trace are corrupted.</summary>
internal sealed class NoiseOptions
{
    private const int MostSamples = 10_000;

    private readonly Option<int> _samples = new("--samples")
    {
        Description = "How many draws of noise.",
        DefaultValueFactory = _ => 10,
    };
    private readonly Option<float> _noise = new("--noise")
    {
        Description = "The noise, in standard deviations of the embedding matrix.",
        DefaultValueFactory = _ => 3,
    };
    private readonly Option<int> _seed = new("--seed")
    {
        Description = "The seed of the noise.",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<bool> _counterfactual = new("--counterfactual")
    {
        Description = "Corrupt by the prompts' own \"corrupt\" texts in place of noise.",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _samples, _noise, _seed, _counterfactual })
            command.Add(option);
        _samples.Validators.Add(result => NumberOptions.Require(result, 1, MostSamples));
        _noise.Validators.Add(result => NumberOptions.RequireNotNegative(result));
    }

    /// <summary>The noise of each prompt; none where counterfactual prompts corrupt.</summary>
    public ImmutableArray<NumericArray> Create(
        ParseResult arguments,
        LoadedModel model,
        ImmutableArray<StudyPrompt> prompts
    )
    {
        if (arguments.GetValue(_counterfactual))
            return [];
        var deviation = arguments.GetValue(_noise) * EmbeddingNoise.StandardDeviation(model.Components);
        var width = model.Components.Get(0, ComponentNames.BlockInput).Width;
        return
        [
            .. prompts.Select(
                (prompt, index) =>
                    EmbeddingNoise.Create(
                        arguments.GetValue(_samples),
                        SubjectOf(prompt, index).Length,
                        width,
                        deviation,
                        arguments.GetValue(_seed) + index
                    )
            ),
        ];
    }

    /// <summary>How runs are corrupted, in words.</summary>
    public string Describe(ParseResult arguments) =>
        arguments.GetValue(_counterfactual)
            ? "the counterfactual prompt"
            : $"noise of {arguments.GetValue(_noise).ToString(CultureInfo.InvariantCulture)} standard deviations, "
                + $"{arguments.GetValue(_samples)} samples, seed {arguments.GetValue(_seed)}";

    private static ImmutableArray<int> SubjectOf(StudyPrompt prompt, int index) =>
        prompt.Positions.TryGetValue(StudyPromptFile.Subject, out var positions)
            ? positions
            : throw new InterventionException(
                $"Prompt {index + 1} has no \"subject\", whose embeddings get the noise. Give it, or --counterfactual."
            );
}
