using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.CausalModels;

/// <summary>
/// A causal model as a JSON file describes it, and how its inputs and outputs are told to a network. Nothing of a file
/// is executed: functions are <c>equal</c>, <c>and</c>, <c>or</c>, <c>not</c>, <c>xor</c>, <c>less</c>,
/// <c>less_or_equal</c>, <c>in_range</c>, <c>copy</c>, or a table of cases. Immutable.
/// </summary>
public sealed record CausalDescription
{
    /// <summary>A causal model that is told by arrays of numbers and the numbers of classes.</summary>
    public CausalDescription(CausalModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
    }

    /// <summary>The causal model.</summary>
    public CausalModel Model { get; }

    /// <summary>How an input is told as text; null where inputs are arrays of numbers.</summary>
    public TextTemplate? Template { get; init; }

    /// <summary>
    /// The token of each class of the output, in the order of <see cref="CausalTensors.ClassOf"/>; empty where classes
    /// are told by their numbers.
    /// </summary>
    public ImmutableArray<string> Answers { get; init; } = [];

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelFormatException">The file is no such description; the message names the place.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static CausalDescription Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return DescriptionReader.Read(JsonText.Read(path, JsonSource.File($"The causal model '{path}'")));
    }

    /// <summary>Reads a text.</summary>
    /// <exception cref="InterventionException">
    /// The text is no such description; the message names the place.
    /// </exception>
    public static CausalDescription FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return DescriptionReader.Read(JsonText.Parse(json, JsonSource.Request("The causal model")));
    }
}
