using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// A kind of intervention, and everything that sets it apart from the others. Each kind is described in the file of its
/// record, which adds its name here; no other file names it. In formulas, x is the values at the units, s the
/// source, c the coefficient, W a matrix with orthonormal columns, S the chosen subspace.
/// </summary>
public sealed partial class InterventionType
{
    private const string Suffix = "Intervention";

    private readonly Func<KindRows, Value> _arithmetic;

    /// <summary>Describes a kind.</summary>
    /// <param name="name">Its name, without pyvene's ending.</param>
    /// <param name="arithmetic">Writes the nodes that compute the new values, in the shape of the rows.</param>
    internal InterventionType(string name, Func<KindRows, Value> arithmetic) =>
        (Name, _arithmetic) = (name, arithmetic);

    /// <summary>Every kind there is, by name.</summary>
    public static ImmutableArray<InterventionType> All => InterventionKinds.All;

    /// <summary>The short name, such as <c>Vanilla</c>.</summary>
    public string Name { get; }

    /// <summary>pyvene's class name, such as <c>VanillaIntervention</c>.</summary>
    public string ClassName => Name + Suffix;

    /// <summary>Whether the kind needs a source, from a run or as a constant.</summary>
    public bool NeedsSource => Source is KindSource.Needed or KindSource.Constant;

    /// <summary>Whether the kind's source is always a constant, never a run.</summary>
    public bool IsSourceConstant => Source == KindSource.Constant;

    /// <summary>Whether the kind's effect is scaled by a coefficient.</summary>
    public bool HasCoefficient { get; internal init; }

    /// <summary>
    /// Whether the units of an example are one row to the kind, <c>[batch, units × width]</c> (heads: <c>[batch,
    /// position, heads × width]</c>), so that a rotation rotates them together (pyvene, models/interventions.py).
    /// </summary>
    public bool FoldsUnits { get; internal init; }

    /// <summary>
    /// Whether a run may choose a subspace: dimensions of x, or of the space that the kind computes in.
    /// </summary>
    public bool TakesSubspaces { get; internal init; } = true;

    /// <summary>Whether the kind computes with parameters inside the graph.</summary>
    public bool HasParameters => Parameters.Any(parameter => parameter.Shape is not null);

    /// <summary>Whether the kind reads the module's input, besides its output.</summary>
    public bool ReadsModuleInput => IsSourceModuleInput || ComputesWithModuleInput;

    /// <summary>Whether training changes any of the kind's parameters.</summary>
    public bool IsTrainable => Parameters.Any(parameter => parameter.Training != ParameterTraining.None);

    /// <summary>Whether pyvene has a class for the kind.</summary>
    public bool IsPyvenes { get; internal init; } = true;

    /// <summary>Whether the kind reads a source, if there is one.</summary>
    internal bool TakesSource => Source != KindSource.None;

    /// <summary>Where the source comes from.</summary>
    internal KindSource Source { get; init; } = KindSource.Needed;

    /// <summary>Whether the values there are read for the caller and left unchanged.</summary>
    internal bool ReadsOnly { get; init; }

    /// <summary>Whether a function of this process computes the new values, between two runs.</summary>
    internal bool CallsFunction { get; init; }

    /// <summary>Whether the source simply takes the place of x.</summary>
    internal bool IsInterchange { get; init; }

    /// <summary>Whether a run must output the values at the base's units.</summary>
    internal bool ReadsBase => ReadsOnly || CallsFunction;

    /// <summary>Whether the source is the module's input, not its output.</summary>
    internal bool IsSourceModuleInput { get; init; }

    /// <summary>Whether the arithmetic takes the module's input.</summary>
    internal bool ComputesWithModuleInput { get; init; }

    /// <summary>
    /// Whether a number of dimensions, counted from the first, may name a subspace (pyvene's
    /// <c>interchange_dim</c>).
    /// </summary>
    internal bool TakesInterchangeCount { get; init; } = true;

    /// <summary>
    /// The kind as an affine map of a unit; null where it is none, or reads more than the unit and constants. The map
    /// itself is null where these parameters make none.
    /// </summary>
    internal Func<AffineInputs, AffineForm?>? Affine { get; init; }

    /// <summary>The arrays that an intervention of the kind is made of, in the order of pyvene's files.</summary>
    internal ImmutableArray<KindParameter> Parameters { get; init; } = [];

    /// <summary>Makes an intervention from named arrays; null where the kind is code, which no file holds.</summary>
    internal Func<KindArrays, Intervention>? Create { get; init; }

    /// <summary>
    /// Makes the intervention that training begins with; null for a kind whose parameters cannot be guessed, or that
    /// needs none.
    /// </summary>
    internal Func<KindStart, Intervention?>? Begin { get; init; }

    /// <summary>Whether <see cref="Begin"/> needs a rank.</summary>
    internal bool BeginsWithRank { get; init; }

    /// <summary>What pyvene's files hold of the kind besides its parameters.</summary>
    internal Func<InterventionSizes, IEnumerable<(string Name, NumericArray Array)>> Buffers { get; init; } = _ => [];

    /// <summary>The kind that a name means: see <see cref="InterventionKinds.Find"/>.</summary>
    /// <param name="name">
    /// The short name or pyvene's class name, alone or as Python prints it (<c>&lt;class
    /// 'pyvene….VanillaIntervention'&gt;</c>).
    /// </param>
    /// <exception cref="FormatException">No such kind is known.</exception>
    public static InterventionType Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var plain = name.Trim().Replace("<class '", "", StringComparison.Ordinal).TrimEnd('>', '\'');
        plain = plain[(plain.LastIndexOf('.') + 1)..];
        var stem = plain.EndsWith(Suffix, StringComparison.Ordinal) ? plain[..^Suffix.Length] : plain;
        return InterventionKinds.Find(stem)
            ?? throw new FormatException(
                $"'{name}' is not a kind of intervention. Known: "
                    + $"{string.Join(", ", All.Select(type => type.ClassName))}."
            );
    }

    /// <summary>
    /// Every parameter that the kind computes with inside the graph and its shape, in a fixed order.
    /// </summary>
    public ImmutableArray<(string Name, ImmutableArray<int> Shape)> ShapesOf(InterventionSizes sizes) =>
        [
            .. Parameters
                .Where(parameter => parameter.Shape is not null)
                .Select(parameter => (parameter.Name, parameter.Shape!(sizes))),
        ];

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The intervention that training begins with; null where its parameters cannot be guessed.</summary>
    internal Intervention? Fresh(KindStart start)
    {
        if (Begin is not null)
            return Begin(start);
        // A kind without arrays needs none to begin with.
        return Parameters.All(parameter => parameter.IsOptional)
            ? Create?.Invoke(new KindArrays(ClassName, ImmutableDictionary<string, NumericArray>.Empty))
            : null;
    }

    /// <summary>Writes the kind's nodes and returns the new values, <c>[rows, width]</c>.</summary>
    internal Value Apply(KindRows rows) => _arithmetic(rows);
}
