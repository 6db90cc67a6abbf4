using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Configuration;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Execution;

/// <summary>
/// A model with a configuration of interventions (pyvene's <c>IntervenableModel</c>): plans runs, and carries them out
/// on the sessions of a <see cref="LoadedModel"/>. Safe for concurrent use.
/// </summary>
public sealed class IntervenableModel : IDisposable
{
    private readonly bool _ownsModel;
    private readonly Lazy<ImmutableArray<Intervention>> _interventions;

    internal IntervenableModel(LoadedModel model, IntervenableConfig config, bool ownsModel)
    {
        ArgumentNullException.ThrowIfNull(config);
        Loaded = model;
        Config = Named(config, model.Components);
        InterventionList.Check(Config, model.Components);
        _interventions = new(() => InterventionList.Of(Config, model.Components));
        _ownsModel = ownsModel;
    }

    // Other names of components become their own, which order sites and name files.
    private static IntervenableConfig Named(IntervenableConfig config, ComponentMap components)
    {
        return config.Representations.All(item => Address(item).Name == item.Component)
            ? config
            : config with
            {
                Representations =
                [
                    .. config.Representations.Select(item =>
                        item with
                        {
                            Layer = Address(item).Layer,
                            Component = Address(item).Name,
                        }
                    ),
                ],
            };

        ComponentAddress Address(RepresentationConfig item) => components.AddressOf(item.Layer, item.Component);
    }

    /// <summary>The model without the interventions; others may share it.</summary>
    public LoadedModel Loaded { get; }

    /// <summary>The model's file and folder.</summary>
    public ModelFile File => Loaded.File;

    /// <summary>The model as the file has it, its local functions written out.</summary>
    public Model Model => Loaded.Model;

    /// <summary>What the files beside the model say about it.</summary>
    public ModelConfiguration Configuration => Loaded.Configuration;

    /// <summary>The interventions.</summary>
    public IntervenableConfig Config { get; }

    /// <summary>
    /// The intervention of each representation; linked ones are the same. Fresh ones are made as pyvene makes them,
    /// when they are first asked for.
    /// </summary>
    public ImmutableArray<Intervention> Interventions => _interventions.Value;

    /// <summary>The model's components.</summary>
    public ComponentMap Components => Loaded.Components;

    /// <summary>Whether there are tokenizer files beside the model.</summary>
    public bool HasTokenizer => Loaded.HasTokenizer;

    /// <summary>The tokenizer beside the model; read when it is first asked for.</summary>
    /// <exception cref="ModelFormatException">There is none, or it is of a kind that is not supported.</exception>
    public Tokenizer Tokenizer => Loaded.Tokenizer;

    /// <summary>
    /// Loads the model of a file or folder, or of <c>hf:owner/name</c> on the Hub. Weights stay in the file, which must
    /// stay where it is.
    /// </summary>
    /// <param name="path">The file, the folder that holds it, or <c>hf:owner/name</c>.</param>
    /// <param name="config">The interventions.</param>
    /// <param name="options">How ONNX Runtime runs the model.</param>
    /// <param name="map">The user's own component map, in place of what is found or beside it.</param>
    /// <exception cref="ModelFormatException">
    /// The file is not a well-formed model, or the configuration beside it is not JSON.
    /// </exception>
    /// <exception cref="InterventionException">
    /// A component of the configuration is not in the model, or the map does not fit it.
    /// </exception>
    /// <exception cref="OnnxIntervene.Hub.HubException">
    /// The Hub has no such repository, or cannot be reached.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static IntervenableModel Load(
        string path,
        IntervenableConfig config,
        ExecutionOptions? options = null,
        ComponentOverrides? map = null
    )
    {
        ArgumentNullException.ThrowIfNull(config);
        var model = LoadedModel.Load(path, options, map);
        try
        {
            return new IntervenableModel(model, config, ownsModel: true);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Loads a model with the interventions of a folder that <see cref="Save(string, InterventionFileFormat)"/> or
    /// pyvene's <c>save</c> wrote.
    /// </summary>
    /// <exception cref="ModelFormatException">A file of the model or of the folder is not well formed.</exception>
    /// <exception cref="InterventionException">The interventions do not fit the model.</exception>
    public static IntervenableModel LoadFolder(string path, string folder, ExecutionOptions? options = null) =>
        Load(path, InterventionFolder.Load(folder), options);

    /// <summary>
    /// Writes the configuration and the interventions' parameters to a folder, in pyvene's layout; the model itself is
    /// not written.
    /// </summary>
    /// <exception cref="InterventionException">
    /// An intervention is code, or pyvene's files are asked for and pyvene lacks its kind.
    /// </exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void Save(string folder, InterventionFileFormat format = InterventionFileFormat.Safetensors) =>
        Save(folder, null, null, format);

    /// <summary>
    /// Writes a folder that runs again as it is: besides what <see cref="Save(string, InterventionFileFormat)"/>
    /// writes,
    /// <c>config.json</c> holds <c>unit_locations</c>, <c>subspaces</c> and <c>coefficients</c>, which
    /// <c>RunFile.Read</c> reads and pyvene passes over. Constant sources of the settings go with the parameters.
    /// </summary>
    /// <inheritdoc cref="Save(string, InterventionFileFormat)"/>
    public void Save(
        string folder,
        UnitLocations? unitLocations,
        RunSettings? settings,
        InterventionFileFormat format = InterventionFileFormat.Safetensors
    )
    {
        var given = settings ?? new RunSettings();
        var config = RunFields.WithSources(Config, given);
        InterventionFolder.Save(
            folder,
            config,
            Interventions,
            [.. Config.Representations.Select(item => Components.Get(item.Layer, item.Component).Width)],
            format,
            RunFields.Of(config, unitLocations, given)
        );
    }

    /// <summary>
    /// A text as the model reads it, a batch of one; special tokens around it as its tokenizer puts them.
    /// </summary>
    public ModelInputs Tokenize(string text) => Loaded.Tokenize(text);

    /// <summary>A token's text; its number where there is no tokenizer beside the model.</summary>
    public string TokenText(int id) => Loaded.TokenText(id);

    /// <summary>A class's name as the configuration beside the model has it; its number where it has none.</summary>
    public string ClassText(int id) => Loaded.ClassText(id);

    /// <summary>
    /// What the first output holds, judged by its axes, its name and the inputs that it was computed from.
    /// </summary>
    public OutputKind KindOf(NumericArray output, ModelInputs inputs) => Loaded.KindOf(output, inputs);

    /// <inheritdoc cref="LoadedModel.TopTokens(ModelOutput, int, int)"/>
    public TokenRanking TopTokens(ModelOutput output, int count, int example = 0) =>
        Loaded.TopTokens(output, count, example);

    /// <inheritdoc cref="LoadedModel.TopTokens(NumericArray, int)"/>
    public TokenRanking TopTokens(NumericArray logits, int count) => Loaded.TopTokens(logits, count);

    /// <inheritdoc cref="LoadedModel.Lease(IReadOnlyList{SpliceSite})"/>
    public SessionLease Lease(IReadOnlyList<SpliceSite> sites) => Loaded.Lease(sites);

    /// <summary>Runs the base with the interventions, after the sources' own runs.</summary>
    /// <param name="base">What is intervened on.</param>
    /// <param name="sources">
    /// One for all interventions, or one each; a null entry skips an intervention that needs one.
    /// </param>
    /// <param name="unitLocations">Where sources are read and the base is written; null for everywhere.</param>
    /// <param name="settings">Coefficients, constant sources, and whether the plain output is wanted.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">Something does not fit the model; nothing has run.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped the run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public RunResult Run(
        ModelInputs @base,
        IReadOnlyList<ModelInputs?>? sources = null,
        UnitLocations? unitLocations = null,
        RunSettings? settings = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(@base);
        RequireFit(@base, unitLocations, Loaded.MeasuredUnits.Count);
        var request = new RunRequest(Config, Interventions, @base, sources, unitLocations, settings);
        var plan = Plan(request);
        using var runner = new PlanRunner(Loaded, plan, cancellation);
        var outputs = runner.Run(request.Settings.OutputOriginalOutput);
        Func<NumericArray, NumericArray>? choose =
            plan.Positions is { } positions && !outputs.AreChosen ? logits => logits.At(positions) : null;
        return new RunResult(
            Output(outputs.Intervened),
            outputs.Original is { } original ? Output(original) : null,
            () => [.. outputs.Collected.Select(item => item.Site.Collected(item.Value.Array))]
        );

        ModelOutput Output(IReadOnlyList<TensorValue> values) =>
            new(values, choose)
            {
                LeftOut = outputs.LeftOut,
                // Beside a second text, the output's positions need not be those of the mask.
                LastPositions =
                    plan.Positions is null && UnitCounter.ReadsOneText(Model.Graph) ? LastTokens.Of(@base) : [],
                Length = @base.Length,
            };
    }

    /// <summary>Runs like <see cref="Run"/> on a thread of the pool; cancellation stops a run in flight.</summary>
    /// <inheritdoc cref="Run"/>
    public Task<RunResult> RunAsync(
        ModelInputs @base,
        IReadOnlyList<ModelInputs?>? sources = null,
        UnitLocations? unitLocations = null,
        RunSettings? settings = null,
        CancellationToken cancellation = default
    ) => Task.Run(() => Run(@base, sources, unitLocations, settings, cancellation), cancellation);

    /// <summary>
    /// What <see cref="Run"/> would do with the same arguments: which tensors and nodes it touches, what it opens and
    /// feeds. Runs nothing.
    /// </summary>
    /// <exception cref="InterventionException">Something does not fit the model.</exception>
    public RunExplanation Explain(
        ModelInputs @base,
        IReadOnlyList<ModelInputs?>? sources = null,
        UnitLocations? unitLocations = null,
        RunSettings? settings = null
    )
    {
        ArgumentNullException.ThrowIfNull(@base);
        RequireFit(@base, unitLocations, Loaded.Units.Count);
        var request = new RunRequest(Config, Interventions, @base, sources, unitLocations, settings);
        return new RunExplainer(Model, Components, request, Plan(request, Loaded.Units.Count)).Explain();
    }

    /// <summary>
    /// The model with the configuration's interventions in its graph, for no run in particular: units are chosen by
    /// inputs, and subspaces too where the configuration has a partition or <paramref name="withSubspaces"/> is set.
    /// </summary>
    /// <param name="withSubspaces">Whether every kind that can gets an input for its subspace.</param>
    /// <exception cref="InterventionException">Something does not fit the model.</exception>
    public SplicedModel Splice(bool withSubspaces = false) =>
        Splicer.Splice(
            Model,
            Components,
            [
                .. Config.Representations.Select(
                    (representation, index) =>
                        SiteStructure.Of(
                            representation,
                            Interventions[index],
                            Components,
                            isWhole: false,
                            hasSubspaces: Interventions[index].Type.TakesSubspaces
                                && (withSubspaces || representation.SubspacePartition.Length > 0)
                        )
                ),
            ]
        );

    /// <summary>
    /// Runs the sources only: what is read there can be written into many bases, as
    /// <see cref="RunSettings.SourceRepresentations"/> (pyvene's <c>source_representations</c>).
    /// </summary>
    /// <returns>
    /// For each intervention <c>[batch, units, width]</c> (heads: <c>[batch, heads, positions, width]</c>; <c>[units,
    /// width]</c> where examples differ in their units); null where it has no source's run.
    /// </returns>
    /// <exception cref="InterventionException">
    /// Something does not fit the model, or the configuration is a chain; nothing has run.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped the run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public ImmutableArray<NumericArray?> ReadSources(
        IReadOnlyList<ModelInputs?> sources,
        UnitLocations? unitLocations = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(sources);
        var any =
            sources.FirstOrDefault(source => source is not null)
            ?? throw new InterventionException("Every source is null; there is nothing to read.");
        var request = new RunRequest(Config, Interventions, any, sources, unitLocations, null);
        var plan = Plan(request.SourcesOnly());
        using var runner = new PlanRunner(Loaded, plan, cancellation);
        var read = runner.ReadSourcesOnly();
        return
        [
            .. Enumerable
                .Range(0, request.Count)
                .Select(index => request.Sourced.IndexOf(index) is >= 0 and var place ? read[place] : null),
        ];
    }

    /// <summary>
    /// Closes the sessions, after waiting for runs, unless a <see cref="LoadedModel"/> that others share owns them.
    /// </summary>
    public void Dispose()
    {
        if (_ownsModel)
            Loaded.Dispose();
    }

    // Asked once: later runs find the rotations made, and the plan checks them.
    private void RequireFit(
        ModelInputs inputs,
        UnitLocations? locations,
        Func<Component, ModelInputs, bool, UnitExtent> count
    )
    {
        if (!_interventions.IsValueCreated)
            new FreshFit(Config, Components, count, Finder()).Check(inputs, locations);
    }

    private LocationFinder Finder() => new(Model.Graph, () => Tokenizer);

    /// <summary>A request as runs, checked; runs nothing but what measures units.</summary>
    internal RunPlan PlanOf(RunRequest request)
    {
        RequireFit(request.Base, request.Locations, Loaded.MeasuredUnits.Count);
        return Plan(request);
    }

    private RunPlan Plan(RunRequest request) => Plan(request, Loaded.MeasuredUnits.Count);

    private RunPlan Plan(RunRequest request, Func<Component, ModelInputs, bool, UnitExtent> count)
    {
        WantedOutputs.Check(Model, request.Settings);
        foreach (var inputs in request.AllInputs)
            InputChecks.Check(inputs, Components);
        return new RunPlan(request, Components, count, Finder());
    }
}
