using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Planning;

/// <summary>Checks the outputs that a run is asked for before anything runs.</summary>
internal static class WantedOutputs
{
    /// <exception cref="InterventionException">
    /// The model has no such output, or its elements cannot be read as numbers.
    /// </exception>
    public static void Check(Model model, RunSettings settings)
    {
        foreach (var name in settings.Outputs.IsDefault ? [] : settings.Outputs)
        {
            var output =
                model.Graph.Outputs.FirstOrDefault(output => output.Name == name)
                ?? throw new InterventionException(
                    $"The model has no output '{name}'. It has: "
                        + $"{string.Join(", ", model.Graph.Outputs.Select(output => output.Name))}."
                );
            if (output.Type is { ElementType: not ElementType.Undefined } type && !OrtArrays.CanCopy(type.ElementType))
                throw new InterventionException($"The output '{name}' is {type}, which cannot be read as numbers.");
            if (!output.OpaqueType.IsEmpty)
                throw new InterventionException($"The output '{name}' is not a tensor, and cannot be read as numbers.");
        }
    }
}
