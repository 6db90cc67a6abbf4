using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Steering;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What a model is steered by: a configuration, or vectors and adapters with coefficients.</summary>
internal sealed class SteeringOptions
{
    private readonly MannerOptions _manner = new();
    private readonly Option<string?> _config = new("--config")
    {
        Description = "A configuration of interventions, or a folder of saved ones, as in run.",
    };
    private readonly Option<string[]> _vectors = new("--vector")
    {
        Description =
            "A steering vector: .safetensors (steer-train makes one), .gguf (a control vector), .npz or .npy; "
            + "FILE#NAME for one of several tensors, FILE#NUMBER for a sparse autoencoder's latent. Can be given "
            + "several times.",
    };
    private readonly Option<float[]> _coefficients = new("--coefficient")
    {
        Description = "How strongly each vector is added; 1 where left out. One for all, or one each.",
    };
    private readonly Option<string?> _layers = new("--layers", "--layer")
    {
        Description = "Add vectors at these layers only, 3 or 2-5; the layers of a file that does not say them.",
    };
    private readonly Option<string?> _component = new("--component")
    {
        Description =
            $"The component that a vector is added to where its file does not say it; {SteeringVector.Stream} where "
            + "left out.",
    };
    private bool _hasConfig;

    /// <summary>Adds the options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="isNeeded">Whether something must be given.</param>
    /// <param name="isVaried">
    /// Whether the command tries coefficients of its own, so that only vectors that are added can be given.
    /// </param>
    /// <param name="isTurned">
    /// Whether coefficients change while the command runs, so that only what has one can be given, or a configuration.
    /// </param>
    public void AddTo(Command command, bool isNeeded = false, bool isVaried = false, bool isTurned = false)
    {
        _hasConfig = !isVaried;
        if (_hasConfig)
            command.Add(_config);
        if (!isVaried && !isTurned)
            _vectors.Description += " In its place an adapter: a folder of PEFT's LoRA, or pyreft's LoReFT (.bin).";

        command.Add(_vectors);
        if (!isVaried)
            command.Add(_coefficients);
        command.Add(_layers);
        command.Add(_component);
        _manner.AddTo(command, hasClamp: !isVaried && !isTurned);
        command.Validators.Add(result => Check(result, isNeeded));
    }

    /// <summary>The vectors, checked against the model.</summary>
    /// <exception cref="ModelFormatException">A file is not well formed.</exception>
    /// <exception cref="InterventionException">A vector does not fit the model, or a file is an adapter.</exception>
    public ImmutableArray<SteeringVector> Vectors(ParseResult arguments, LoadedModel model) =>
        [.. Paths(arguments).Select(path => Vector(arguments, path, model))];

    /// <summary>The files of the vectors, in their order.</summary>
    public IReadOnlyList<string> Files(ParseResult arguments) => Paths(arguments);

    /// <summary>Whether a configuration is given in place of vectors.</summary>
    public bool HasConfig(ParseResult arguments) => arguments.GetValue(_config) is not null;

    /// <summary>A coefficient for each vector.</summary>
    /// <exception cref="InterventionException">There are others than one for all, or one each.</exception>
    public float[] Coefficients(ParseResult arguments, int count)
    {
        var given = arguments.GetResult(_coefficients) is null ? [] : arguments.GetValue(_coefficients) ?? [];
        if (given.Length > 1 && given.Length != count)
            throw new InterventionException($"{given.Length} coefficients for {count} vectors; give one, or one each.");
        return [.. Enumerable.Range(0, count).Select(index => given.Length == 0 ? 1 : given[index % given.Length])];
    }

    /// <summary>How vectors act.</summary>
    /// <inheritdoc cref="Vectors"/>
    public SteeringManner Manner(ParseResult arguments, IEnumerable<SteeringVector> vectors) =>
        _manner.Read(
            arguments,
            [.. vectors.SelectMany(vector => vector.Directions.Keys).Distinct().Order()],
            arguments.GetValue(_component)
        );

    /// <summary>The interventions, where they act, and how strongly; none where nothing is given.</summary>
    /// <inheritdoc cref="Vectors"/>
    public RunFile Read(ParseResult arguments, LoadedModel model)
    {
        if (arguments.GetValue(_config) is { } config)
            return RunFile.Read(config);
        var paths = Paths(arguments);
        var coefficients = Coefficients(arguments, paths.Length);
        var vectors = paths
            .Where(path => !AdapterFile.IsAdapter(path))
            .Distinct()
            .ToDictionary(path => path, path => Vector(arguments, path, model));
        var manner = Manner(arguments, vectors.Values);
        if (vectors.Count < paths.Distinct().Count() && manner != SteeringManner.Addition)
            throw new InterventionException(
                $"{Joined(_manner.Given(arguments.CommandResult))} goes with vectors; an adapter acts as it was "
                    + "trained."
            );
        var parts = paths.Select(
            (path, index) =>
                vectors.TryGetValue(path, out var vector)
                    ? (vector.Acting(manner), coefficients[index])
                    : (Adapter(arguments, path, model, coefficients[index]), 1f)
        );
        return Of([.. parts]) with
        {
            Files = [.. paths.SelectMany(FilesOf).Concat(_manner.Files(arguments)).Distinct()],
        };
    }

    private static IEnumerable<string> FilesOf(string path) =>
        AdapterFile.IsAdapter(path) ? AdapterFile.FilesOf(path) : [SteeringVectorFile.FileOf(path)];

    private static RunFile Of(
        IReadOnlyList<(ImmutableArray<RepresentationConfig> Representations, float Coefficient)> parts
    ) =>
        new(
            new IntervenableConfig { Representations = [.. parts.SelectMany(part => part.Representations)] },
            null,
            new RunSettings
            {
                Coefficients =
                [
                    .. parts.SelectMany(part => part.Representations.Select(_ => Coefficient.Of(part.Coefficient))),
                ],
            }
        );

    private string[] Paths(ParseResult arguments) => arguments.GetValue(_vectors) ?? [];

    private ImmutableArray<int> Layers(ParseResult arguments) =>
        NumberRanges.Parse(arguments.GetValue(_layers), _layers.Name);

    private SteeringVector Vector(ParseResult arguments, string path, LoadedModel model)
    {
        if (AdapterFile.IsAdapter(path))
            throw new InterventionException($"'{path}' is an adapter, whose strength does not vary; give a vector.");
        var vector = SteeringVectorFile.Read(path, Layers(arguments), arguments.GetValue(_component));
        vector.Require(model.Components);
        return vector;
    }

    private ImmutableArray<RepresentationConfig> Adapter(
        ParseResult arguments,
        string path,
        LoadedModel model,
        float coefficient
    ) => AdapterFile.Read(path, model.Components, coefficient, Layers(arguments), arguments.GetValue(_component));

    private void Check(CommandResult result, bool isNeeded)
    {
        var hasVectors = EitherOptions.IsGiven(result, _vectors);
        var isConfigured = _hasConfig && EitherOptions.IsGiven(result, _config);
        if (hasVectors && isConfigured)
            result.AddError($"Give {_config.Name} or {_vectors.Name}, not both.");
        if (isNeeded && !hasVectors && !isConfigured)
            result.AddError(_hasConfig ? $"Give {_vectors.Name} or {_config.Name}." : $"Give {_vectors.Name}.");
        var manner = _manner.Given(result).ToList();
        foreach (var option in new Option[] { _coefficients, _layers, _component }.Concat(manner))
        {
            if (!hasVectors && EitherOptions.IsGiven(result, option))
                result.AddError($"{option.Name} goes with {_vectors.Name}.");
        }

        if (manner.Exists(MannerOptions.IsClamp) && EitherOptions.IsGiven(result, _coefficients))
            result.AddError(
                $"{_coefficients.Name} says how much is added, and a clamp adds nothing; give one of them."
            );
    }

    private static string Joined(IEnumerable<Option> options) =>
        string.Join(" and ", options.Select(option => option.Name));
}
