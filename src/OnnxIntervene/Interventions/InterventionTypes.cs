namespace OnnxIntervene.Interventions;

/// <summary>The names under which configurations know the kinds of intervention.</summary>
public static class InterventionTypes
{
    private const string Suffix = "Intervention";

    private static readonly string[] s_later =
    [
        "Mean", "Noise", "Skip", "RotatedSpace", "LowRankRotatedSpace", "BoundlessRotatedSpace", "SigmoidMask", "SigmoidMaskRotatedSpace",
        "PCARotatedSpace", "Autoencoder", "JumpReLUAutoencoder", "LoRA", "LoReFT", "ProjectOut", "ConstantSource", "Lambda", "Custom",
    ];

    /// <summary>The kind that a class name of pyvene means, alone or as Python prints it (<c>&lt;class 'pyvene….VanillaIntervention'&gt;</c>).</summary>
    /// <exception cref="NotSupportedException">pyvene has the kind, this version does not.</exception>
    /// <exception cref="FormatException">No such kind is known.</exception>
    public static InterventionType Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var plain = name.Trim().Replace("<class '", "", StringComparison.Ordinal).TrimEnd('>', '\'');
        plain = plain[(plain.LastIndexOf('.') + 1)..];
        var stem = plain.EndsWith(Suffix, StringComparison.Ordinal) ? plain[..^Suffix.Length] : plain;
        if (Enum.TryParse<InterventionType>(stem, out var type) && Enum.IsDefined(type) && char.IsLetter(stem[0]))
            return type;
        if (s_later.Contains(stem))
            throw new NotSupportedException($"Interventions of kind '{plain}' are not supported. Supported: {Names()}.");
        throw new FormatException($"'{name}' is no kind of intervention. Supported: {Names()}.");
    }

    /// <summary>pyvene's class name of a kind.</summary>
    public static string ClassName(this InterventionType type) => type + Suffix;

    /// <summary>Whether the kind reads a source.</summary>
    public static bool NeedsSource(this InterventionType type) =>
        type is InterventionType.Vanilla or InterventionType.Addition or InterventionType.Subtraction;

    /// <summary>Whether the kind's effect is scaled by a coefficient.</summary>
    public static bool HasCoefficient(this InterventionType type) => type is InterventionType.Addition or InterventionType.Subtraction;

    private static string Names() => string.Join(", ", Enum.GetValues<InterventionType>().Select(ClassName));
}
