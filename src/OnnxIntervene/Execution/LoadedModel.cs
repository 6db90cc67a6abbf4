using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Configuration;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Execution;

/// <summary>
/// A model on disk, with its components, its tokenizer and its open sessions; no interventions. Many
/// <see cref="IntervenableModel"/>s can share one. Safe for concurrent use; disposing it waits for runs that are under
/// way.
/// </summary>
public sealed class LoadedModel : IDisposable
{
    private readonly SessionPool _pool;
    private readonly SharedWeights? _weights;
    private readonly Lazy<Tokenizer> _tokenizer;

    private LoadedModel(
        ModelFile file,
        Model model,
        ExecutionOptions options,
        ComponentSearchOptions search,
        ComponentMap components
    )
    {
        File = file;
        Model = model;
        Options = options;
        Search = search;
        Components = components;
        HasTokenizer = Tokenization.Tokenizer.ExistsIn(file.Folder);
        _tokenizer = new Lazy<Tokenizer>(() => Tokenization.Tokenizer.Load(file.Folder));
        _weights = options.SharesWeights ? new SharedWeights() : null;
        Units = new UnitCounter(model, Components);
        MeasuredUnits = new MeasuredUnits(this, Units);
        _pool = new SessionPool(Open, options.SessionMemoryLimit, options.Logger);
    }

    /// <summary>The model's file and folder.</summary>
    public ModelFile File { get; }

    /// <summary>The model as the file has it, its local functions written out.</summary>
    public Model Model { get; }

    /// <summary>The model's components.</summary>
    public ComponentMap Components { get; }

    /// <summary>How ONNX Runtime runs the model.</summary>
    public ExecutionOptions Options { get; }

    /// <summary>What the files beside the model say about it.</summary>
    public ModelConfiguration Configuration => Search.Configuration;

    /// <summary>Whether there are tokenizer files beside the model.</summary>
    public bool HasTokenizer { get; }

    /// <summary>The tokenizer beside the model; read when it is first asked for.</summary>
    /// <exception cref="ModelFormatException">There is none, or it is of a kind that is not supported.</exception>
    public Tokenizer Tokenizer => _tokenizer.Value;

    /// <summary>How many sessions are open.</summary>
    public int OpenSessionCount => _pool.Count;

    /// <summary>Counts a component's units without running anything.</summary>
    internal UnitCounter Units { get; }

    /// <summary>Counts a component's units, with a run where the graph does not determine how many.</summary>
    internal MeasuredUnits MeasuredUnits { get; }

    /// <summary>What was known about the components besides the graph.</summary>
    internal ComponentSearchOptions Search { get; }

    /// <summary>
    /// Loads the model of a file or folder, or of <c>hf:owner/name</c> on the Hub. Weights stay in the file, which must
    /// stay where it is.
    /// </summary>
    /// <param name="path">The file, the folder that holds it, or <c>hf:owner/name</c>.</param>
    /// <param name="options">How ONNX Runtime runs the model.</param>
    /// <param name="map">The user's own component map, in place of what is found or beside it.</param>
    /// <param name="usesRecord">Whether components that an earlier check contradicted are left out.</param>
    /// <exception cref="ModelFormatException">
    /// The file is not a well-formed model, or the configuration beside it is not JSON.
    /// </exception>
    /// <exception cref="InterventionException">The map does not fit the model.</exception>
    /// <exception cref="OnnxIntervene.Hub.HubException">
    /// The Hub has no such repository, or cannot be reached.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static LoadedModel Load(
        string path,
        ExecutionOptions? options = null,
        ComponentOverrides? map = null,
        bool usesRecord = true
    )
    {
        var file = ModelFile.Find(path);
        var search = new ComponentSearchOptions
        {
            Overrides = map ?? ComponentOverrides.None,
            Configuration = ModelConfiguration.ReadBeside(file.Path),
            Record = usesRecord ? CheckRecordFile.Find(file.Path) : CheckRecord.None,
        };
        var model = FunctionInliner.Inline(OnnxFile.Load(file.Path));
        return new LoadedModel(
            file,
            model,
            options ?? new ExecutionOptions(),
            search,
            ComponentMap.Find(model, search)
        );
    }

    /// <summary>
    /// This model with interventions. The result shares the sessions, and must not outlive this model.
    /// </summary>
    /// <exception cref="InterventionException">A component of the configuration is not in the model.</exception>
    public IntervenableModel With(IntervenableConfig config) => new(this, config, ownsModel: false);

    /// <summary>
    /// A text as the model reads it, a batch of one; special tokens around it as its tokenizer puts them.
    /// </summary>
    public ModelInputs Tokenize(string text) => ModelInputs.FromTokens(Tokenizer.Encode(text).Ids);

    /// <summary>What may not be meant in some inputs, in words; nothing where all is well.</summary>
    public ImmutableArray<string> Warnings(ModelInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return InputWarnings.Of(inputs, Components);
    }

    /// <summary>A token's text; its number where there is no tokenizer beside the model.</summary>
    public string TokenText(int id) =>
        HasTokenizer ? Tokenizer.TokenText(id) : id.ToString(CultureInfo.InvariantCulture);

    /// <summary>A class's name as the configuration beside the model has it; its number where it has none.</summary>
    public string ClassText(int id) =>
        Configuration.Labels.TryGetValue(id, out var label) ? label : id.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// What the first output holds, judged by its axes, its name and the inputs that it was computed from.
    /// </summary>
    public OutputKind KindOf(NumericArray output, ModelInputs inputs) =>
        KindOf(
            Model
                .Graph.Outputs.FirstOrDefault(known =>
                    known.OpaqueType.IsEmpty && known.Type?.ElementType != ElementType.Text
                )
                ?.Name
                ?? "",
            output,
            inputs
        );

    /// <summary>What an output holds, judged by its axes, its name and the inputs that it was computed from.</summary>
    public OutputKind KindOf(string name, NumericArray output, ModelInputs inputs) =>
        OutputClassifier.Of(name, Components, output, inputs);

    /// <summary>What the scores of an output are: logits, or probabilities already.</summary>
    public OutputScale ScaleOf(string name, NumericArray scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return OutputScales.Of(Model, name, scores);
    }

    /// <summary>
    /// The most probable tokens at the last position of the first example. Where examples are padded on the right, give
    /// the run's output instead: an array of logits does not tell which tokens are padding.
    /// </summary>
    public TokenRanking TopTokens(NumericArray logits, int count)
    {
        ArgumentNullException.ThrowIfNull(logits);
        return TokenRanking.Of(logits.RowAt(0, -1).Span, count, TokenText);
    }

    /// <summary>The most probable tokens after the last token of an example; padding does not count.</summary>
    public TokenRanking TopTokens(ModelOutput output, int count, int example = 0)
    {
        ArgumentNullException.ThrowIfNull(output);
        return TokenRanking.Of(output.LogitsAt(example, -1).Span, count, TokenText);
    }

    /// <summary>
    /// Lends a session with these sites spliced in. It is opened when it is first asked for, and kept. The caller
    /// disposes the lease when its runs are over.
    /// </summary>
    /// <exception cref="InterventionException">A component is not in the model, or cannot be reached.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public SessionLease Lease(IReadOnlyList<SpliceSite> sites)
    {
        ArgumentNullException.ThrowIfNull(sites);
        return Lease(new SessionRecipe([.. sites]));
    }

    /// <summary>Waits for runs that are under way, and closes all sessions. Later runs are refused.</summary>
    public void Dispose()
    {
        _pool.Dispose();
        _weights?.Dispose();
    }

    /// <summary>The same model with other components, and sessions of its own. The caller disposes it.</summary>
    internal LoadedModel With(ComponentMap components) => new(File, Model, Options, Search, components);

    internal SessionLease Lease(SessionRecipe recipe) => _pool.Lease(recipe);

    /// <summary>A session of a model made from this one, which shares its weights. The caller disposes it.</summary>
    internal InterventionSession OpenSession(SplicedModel spliced) =>
        InterventionSession.Open(spliced, Options, _weights);

    private (InterventionSession Session, long ByteCount) Open(SessionRecipe recipe)
    {
        if (Model.Graph.Outputs.Count == 0)
            throw new ModelFormatException($"'{File.Path}' has no outputs: there is nothing to run it for.");
        var boundaries = new[] { recipe.Start, recipe.End, recipe.Opened }.OfType<ComponentAddress>().ToList();
        var spliced = RecipeModel.Of(Splicer.Splice(Model, Components, recipe.Sites, boundaries), recipe);
        return (
            InterventionSession.Open(spliced, Options, _weights),
            SessionSize.Estimate(spliced.Model, _weights is not null)
        );
    }
}
