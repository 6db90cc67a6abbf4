using System.Collections.Immutable;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;

namespace OnnxIntervene.Execution;

/// <summary>Everything that one run of a configuration is given, checked as far as that can be done without the model.</summary>
internal sealed class RunRequest
{
    private readonly ImmutableArray<ModelInputs?> _sources;

    public RunRequest(
        IntervenableConfig config, ModelInputs @base, IReadOnlyList<ModelInputs?>? sources, UnitLocations? locations, RunSettings? settings)
    {
        Config = config;
        Base = @base;
        Locations = locations ?? UnitLocations.Everywhere;
        Settings = settings ?? new RunSettings();
        _sources = Spread(sources);
        CheckCounts();
    }

    public IntervenableConfig Config { get; }

    public ModelInputs Base { get; }

    public UnitLocations Locations { get; }

    public RunSettings Settings { get; }

    public int Count => Config.Representations.Length;

    public RepresentationConfig Representation(int index) => Config.Representations[index];

    /// <summary>The inputs whose run is the source of an intervention; null where it has none.</summary>
    public ModelInputs? Source(int index) =>
        Constant(index) is null && Representation(index).InterventionType.NeedsSource() ? _sources[index] : null;

    /// <summary>The constant source of an intervention, if it has one.</summary>
    public NumericArray? Constant(int index) => Settings.SourceRepresentations.Length > index && Settings.SourceRepresentations[index] is { } given
        ? given
        : Representation(index).SourceRepresentation;

    public Coefficient Coefficient(int index) => Settings.Coefficients.Length switch
    {
        0 => Execution.Coefficient.One,
        1 => Settings.Coefficients[0],
        _ => Settings.Coefficients[index],
    };

    // One source serves every intervention, as in pyvene; null is one that is skipped on purpose.
    private ImmutableArray<ModelInputs?> Spread(IReadOnlyList<ModelInputs?>? sources)
    {
        if (sources is { Count: 1 })
            return [.. Enumerable.Repeat(sources[0], Count)];
        if (sources is not null)
        {
            return sources.Count == Count
                ? [.. sources]
                : throw new InterventionException($"{sources.Count} sources for {Count} interventions; give one, or one each (null skips one).");
        }

        for (var index = 0; index < Count; index++)
        {
            if (Representation(index).InterventionType.NeedsSource() && Constant(index) is null)
                throw new InterventionException($"{Representation(index)} needs a source: give a source input, or a constant source.");
        }

        return [.. Enumerable.Repeat<ModelInputs?>(null, Count)];
    }

    private void CheckCounts()
    {
        foreach (var side in new[] { Locations.Sources.Length, Locations.Base.Length })
        {
            if (side != 1 && side != Count)
                throw new InterventionException($"Unit locations for {side} interventions, but the configuration has {Count}.");
        }

        if (Settings.Coefficients.Length > 1 && Settings.Coefficients.Length != Count)
            throw new InterventionException($"{Settings.Coefficients.Length} coefficients for {Count} interventions; give one, or one each.");
        if (Settings.SourceRepresentations.Length > 0 && Settings.SourceRepresentations.Length != Count)
            throw new InterventionException($"{Settings.SourceRepresentations.Length} constant sources for {Count} interventions; null leaves one out.");
        for (var index = 0; index < Count; index++)
        {
            if (Source(index) is { } source && source.BatchSize != Base.BatchSize)
                throw new InterventionException($"The source of {Representation(index)} holds {source.BatchSize} examples, the base {Base.BatchSize}.");
            if (Coefficient(index).Count is var rows && rows != 1 && rows != Base.BatchSize)
                throw new InterventionException($"{rows} coefficients for {Representation(index)}, but the batch holds {Base.BatchSize} examples.");
        }
    }
}
