using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>
/// Everything that one run of a configuration is given, checked as far as that can be done without the model.
/// </summary>
internal sealed class RunRequest
{
    private readonly ImmutableArray<ModelInputs?> _sources;

    public RunRequest(
        IntervenableConfig config,
        ImmutableArray<Intervention> interventions,
        ModelInputs @base,
        IReadOnlyList<ModelInputs?>? sources,
        UnitLocations? locations,
        RunSettings? settings
    )
    {
        Config = config;
        Interventions = interventions;
        Base = @base;
        Locations = locations ?? UnitLocations.Everywhere;
        Settings = settings ?? new RunSettings();
        Groups = SourceGroups.Of(config);
        _sources = Spread(sources);
        CheckCounts();
    }

    public IntervenableConfig Config { get; }

    public ImmutableArray<Intervention> Interventions { get; }

    public ModelInputs Base { get; }

    public UnitLocations Locations { get; }

    public RunSettings Settings { get; }

    /// <summary>Everything that the model will be run on: the base and the sources.</summary>
    public IEnumerable<ModelInputs> AllInputs => _sources.OfType<ModelInputs>().Prepend(Base);

    /// <summary>Which interventions share a source.</summary>
    public SourceGroups Groups { get; }

    /// <summary>Whether sources are only read; base units are then those of the source itself.</summary>
    public bool ReadsOnly { get; private init; }

    /// <summary>Whether what is collected is taken unit by unit, and need not be one array.</summary>
    public bool CollectsUnits { get; init; }

    public int Count => Config.Representations.Length;

    public RepresentationConfig Representation(int index) => Config.Representations[index];

    /// <summary>The inputs whose run is the source of an intervention; null where it has none.</summary>
    public ModelInputs? Source(int index) =>
        Constant(index) is null && MayHaveSource(index) ? _sources[Groups.Of(index)] : null;

    /// <summary>The inputs of a group's source; null where it is skipped.</summary>
    public ModelInputs? GroupSource(int group) => _sources[group];

    /// <summary>Whether an intervention cannot act without a source.</summary>
    public bool NeedsSource(int index) => Interventions[index].NeedsSource;

    /// <summary>The constant source that was given for an intervention, if any.</summary>
    public NumericArray? Constant(int index) => Settings.SourceOf(index, Representation(index));

    public Coefficient Coefficient(int index) => Settings.CoefficientOf(index);

    /// <summary>Which interventions have a source run.</summary>
    public ImmutableArray<int> Sourced => [.. Enumerable.Range(0, Count).Where(index => Source(index) is not null)];

    /// <summary>
    /// The same request, which only reads sources, for the interventions of <see cref="Sourced"/>.
    /// </summary>
    /// <exception cref="InterventionException">Each source is changed by the one before it.</exception>
    public RunRequest SourcesOnly()
    {
        if (Config.Mode == InterventionMode.Serial)
            throw new InterventionException(
                "The sources of a chain (mode serial) are changed by one another, so that they cannot be read by "
                    + "themselves; use mode parallel."
            );
        var config = Config with
        {
            Representations = [.. Sourced.Select(index => Representation(index) with { GroupKey = null })],
        };
        var locations = new UnitLocations(
            [.. Sourced.Select(Locations.SourceOf)],
            [.. Sourced.Select(Locations.SourceOf)]
        );
        return new RunRequest(
            config,
            [.. Sourced.Select(index => Interventions[index])],
            Base,
            [.. Sourced.Select(Source)],
            locations,
            null
        )
        {
            ReadsOnly = true,
        };
    }

    private bool MayHaveSource(int index) =>
        !Interventions[index].Type.IsSourceConstant && Interventions[index].TakesSource;

    // One source serves every group, as in pyvene; null skips one on purpose.
    private ImmutableArray<ModelInputs?> Spread(IReadOnlyList<ModelInputs?>? sources)
    {
        if (sources is { Count: 1 })
            return [.. Enumerable.Repeat(sources[0], Groups.Count)];
        if (sources is not null)
        {
            return sources.Count == Groups.Count
                ? [.. sources]
                : throw new InterventionException(
                    $"{sources.Count} sources for {Groups.Count} {(Groups.AreGiven ? "groups" : "interventions")}; "
                        + $"give one, or one each (null skips one)."
                );
        }

        for (var index = 0; index < Count; index++)
        {
            if (NeedsSource(index) && !Interventions[index].Type.IsSourceConstant && Constant(index) is null)
                throw new InterventionException(
                    $"{Representation(index)} needs a source: give a source input, or a constant source."
                );
        }

        return [.. Enumerable.Repeat<ModelInputs?>(null, Groups.Count)];
    }

    private void CheckCounts()
    {
        foreach (var side in new[] { Locations.Sources.Length, Locations.Base.Length })
        {
            if (side != 1 && side != Count)
                throw new InterventionException(
                    $"Unit locations for {side} interventions, but the configuration has {Count}."
                );
        }

        if (Settings.Coefficients.Length > 1 && Settings.Coefficients.Length != Count)
            throw new InterventionException(
                $"{Settings.Coefficients.Length} coefficients for {Count} interventions; give one, or one each."
            );
        if (Settings.SourceRepresentations.Length > 0 && Settings.SourceRepresentations.Length != Count)
            throw new InterventionException(
                $"{Settings.SourceRepresentations.Length} constant sources for {Count} interventions; null leaves "
                    + $"one out."
            );
        if (Settings.Subspaces.Rows.Length != 1 && Settings.Subspaces.Rows.Length != Count)
            throw new InterventionException(
                $"Subspaces for {Settings.Subspaces.Rows.Length} interventions, but the configuration has {Count}; "
                    + $"null leaves one out."
            );
        CheckCoefficients();
    }

    // One for all is meant for those that have one.
    private void CheckCoefficients()
    {
        var endless = Enumerable.Range(0, Count).Where(index => !Coefficient(index).IsFinite).ToList();
        if (endless.Count > 0)
            throw new InterventionException(
                $"{Representation(endless[0])} has a coefficient that is not a finite number."
            );
        var idle = Enumerable
            .Range(0, Count)
            .Where(index => !Coefficient(index).IsOne && !Interventions[index].Type.HasCoefficient)
            .ToList();
        if (idle.Count > 0 && (Settings.Coefficients.Length > 1 || idle.Count == Count))
            throw new InterventionException(
                $"{Representation(idle[0])} has a coefficient, which its kind does not take. Kinds that do: "
                    + $"{string.Join(", ", InterventionType.All.Where(type => type.HasCoefficient))}."
            );
    }
}
