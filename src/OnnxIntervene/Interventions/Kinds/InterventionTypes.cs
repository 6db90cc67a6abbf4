namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// The names under which configurations know the kinds of intervention, and what sets the kinds apart.
/// </summary>
public static class InterventionTypes
{
    private const string Suffix = "Intervention";

    /// <summary>
    /// The kind that a class name of pyvene means, alone or as Python prints it (<c>&lt;class
    /// 'pyvene….VanillaIntervention'&gt;</c>).
    /// </summary>
    /// <exception cref="FormatException">No such kind is known.</exception>
    public static InterventionType Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var plain = name.Trim().Replace("<class '", "", StringComparison.Ordinal).TrimEnd('>', '\'');
        plain = plain[(plain.LastIndexOf('.') + 1)..];
        var stem = plain.EndsWith(Suffix, StringComparison.Ordinal) ? plain[..^Suffix.Length] : plain;
        if (Enum.TryParse<InterventionType>(stem, out var type) && Enum.IsDefined(type) && char.IsLetter(stem[0]))
            return type;
        throw new FormatException($"'{name}' is no kind of intervention. Known: {Names()}.");
    }

    /// <summary>pyvene's class name of a kind.</summary>
    public static string ClassName(this InterventionType type) => type + Suffix;

    /// <summary>Whether the kind reads a source, from a run or as a constant.</summary>
    public static bool NeedsSource(this InterventionType type) =>
        type
            is not (
                InterventionType.Zero
                or InterventionType.Collect
                or InterventionType.LoRA
                or InterventionType.LoReFT
                or InterventionType.ProjectOut
                or InterventionType.Lambda
                or InterventionType.Custom
            );

    /// <summary>Whether the kind's source is always a constant, never a run.</summary>
    public static bool IsSourceConstant(this InterventionType type) =>
        type is InterventionType.Mean or InterventionType.Noise or InterventionType.ConstantSource;

    /// <summary>Whether the kind's effect is scaled by a coefficient.</summary>
    public static bool HasCoefficient(this InterventionType type) =>
        type is InterventionType.Addition or InterventionType.Subtraction;

    /// <summary>
    /// Whether the units of an example are one row to the kind, <c>[batch, units × width]</c> (heads: <c>[batch,
    /// position, heads × width]</c>),
    /// so that a rotation turns them together (pyvene, models/interventions.py).
    /// </summary>
    public static bool FoldsUnits(this InterventionType type) =>
        type
            is InterventionType.RotatedSpace
                or InterventionType.LowRankRotatedSpace
                or InterventionType.BoundlessRotatedSpace
                or InterventionType.SigmoidMaskRotatedSpace
                or InterventionType.PCARotatedSpace
                or InterventionType.Autoencoder;

    /// <summary>
    /// Whether a run may choose a subspace: dimensions of x, or of the space that the kind computes in.
    /// </summary>
    public static bool TakesSubspaces(this InterventionType type) =>
        type
            is not (
                InterventionType.BoundlessRotatedSpace
                or InterventionType.SigmoidMask
                or InterventionType.SigmoidMaskRotatedSpace
                or InterventionType.LoRA
            );

    /// <summary>Whether the kind computes with parameters inside the graph.</summary>
    public static bool HasParameters(this InterventionType type) =>
        type.FoldsUnits()
        || type
            is InterventionType.SigmoidMask
                or InterventionType.JumpReLUAutoencoder
                or InterventionType.LoRA
                or InterventionType.LoReFT
                or InterventionType.ProjectOut;

    /// <summary>Whether the kind reads what the module reads, besides what it gives.</summary>
    public static bool ReadsModuleInput(this InterventionType type) =>
        type is InterventionType.Skip or InterventionType.LoRA;

    /// <summary>
    /// Whether training is meant to change the kind's parameters (pyvene's <c>TrainableIntervention</c>).
    /// </summary>
    public static bool IsTrainable(this InterventionType type) =>
        type.HasParameters() && type is not (InterventionType.PCARotatedSpace or InterventionType.ProjectOut);

    /// <summary>Whether pyvene has a class for the kind.</summary>
    public static bool IsPyvenes(this InterventionType type) =>
        type
            is not (
                InterventionType.Mean
                or InterventionType.LoRA
                or InterventionType.LoReFT
                or InterventionType.ProjectOut
                or InterventionType.ConstantSource
                or InterventionType.Custom
            );

    private static string Names() => string.Join(", ", Enum.GetValues<InterventionType>().Select(ClassName));
}
