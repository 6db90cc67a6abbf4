using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Baking;

/// <summary>What is baked, and how.</summary>
public sealed record BakeRequest
{
    /// <summary>Where the interventions act; a file has room for everywhere, and for chosen heads.</summary>
    public UnitLocations? UnitLocations { get; init; }

    /// <summary>Coefficients, subspaces and constant sources.</summary>
    public RunSettings Settings { get; init; } = new();

    /// <summary>Whether the interventions become weights and biases; else they are spliced into the graph.</summary>
    public bool Folds { get; init; }

    /// <summary>How a spliced file holds the numbers.</summary>
    public BakedNumbers Numbers { get; init; }

    /// <summary>Whether folding may give a layer a copy of weights that it shares with others.</summary>
    public bool CopiesShared { get; init; }

    /// <summary>
    /// Whether quantised weights that cannot hold exactly what is folded into them are quantised again, in the same
    /// blocks; the errors are stated. Else they are refused.
    /// </summary>
    public bool Requantises { get; init; }

    /// <summary>
    /// Whether heads and neurons that are set to zero, or to a mean, are removed once they are folded: a smaller model,
    /// with weights of its own.
    /// </summary>
    public bool Removes { get; init; }

    /// <summary>
    /// Whether weights that did not change are copied; else the original's files are hard-linked in the folder.
    /// </summary>
    public bool CopiesWeights { get; init; }

    /// <summary>
    /// Whether a <c>genai_config.json</c> is written beside the file, so that onnxruntime-genai runs it; one that the
    /// original has goes along as it is.
    /// </summary>
    public bool ConfiguresGenAI { get; init; }

    /// <summary>What the file is proved on; random inputs are always used besides.</summary>
    public ImmutableArray<ModelInputs> Inputs { get; init; } = [];

    /// <summary>
    /// The largest difference that is allowed, as a part of the output's largest number (at least 1); null for the
    /// usual one: 1e-5, or 1e-2 for a model of 16-bit floats; where weights were quantised again, the effect of the
    /// interventions.
    /// </summary>
    public double? Tolerance { get; init; }

    /// <summary>
    /// The files that the interventions were read from; their checksums go into the file's metadata.
    /// </summary>
    public ImmutableArray<string> InterventionFiles { get; init; } = [];

    /// <summary>The command that bakes, for the file's metadata.</summary>
    public string Command { get; init; } = "";
}
