using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>Makes interventions from named parameters.</summary>
public static class InterventionParameters
{
    /// <summary>
    /// The intervention of a kind with these parameters, which have pyvene's names (peft's for LoRA, pyreft's for
    /// LoReFT).
    /// </summary>
    /// <param name="type">The kind.</param>
    /// <param name="parameters">The arrays; those that the kind does not have are ignored.</param>
    /// <exception cref="InterventionException">
    /// A parameter is missing, does not fit the others, or holds NaN or infinity.
    /// </exception>
    public static Intervention Create(InterventionType type, IReadOnlyDictionary<string, NumericArray> parameters) =>
        Create(type, parameters, isTrained: false);

    /// <summary>The same.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="parameters">The arrays.</param>
    /// <param name="isTrained">
    /// Whether they come of a step of training: the loss of the next step says what is wrong with them.
    /// </param>
    internal static Intervention Create(
        InterventionType type,
        IReadOnlyDictionary<string, NumericArray> parameters,
        bool isTrained
    )
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(parameters);
        return type.Create is { } create
            ? create(new KindArrays(type.ClassName, parameters) { TakesAnyNumbers = isTrained })
            : throw new InterventionException(
                $"{type.ClassName} is code, which no file of parameters holds; give the instance."
            );
    }

    /// <summary>
    /// Whether these parameters make a whole intervention of the kind, so that none needs to be initialized.
    /// </summary>
    public static bool AreComplete(InterventionType type, IReadOnlyDictionary<string, NumericArray> parameters)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(parameters);
        return type.Parameters.All(parameter => parameter.IsOptional || parameters.ContainsKey(parameter.Name));
    }
}
