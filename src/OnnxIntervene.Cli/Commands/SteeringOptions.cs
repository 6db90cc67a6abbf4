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

/// <summary>What a generation is steered by: a configuration, or steering vectors with coefficients.</summary>
internal sealed class SteeringOptions
{
    private readonly Option<string?> _config = new("--config")
    {
        Description = "A configuration of interventions, or a folder of saved ones, as in run.",
    };
    private readonly Option<string[]> _vectors = new("--vector")
    {
        Description =
            "A steering vector, .safetensors (steer-train makes one), .gguf (a control vector) or .npy; can be given "
            + "several times.",
    };
    private readonly Option<float[]> _coefficients = new("--coefficient")
    {
        Description = "How strongly each vector is added; 1 where left out. One for all, or one each.",
    };
    private readonly Option<string?> _layers = new("--layers")
    {
        Description = "Add vectors at these layers only, 3 or 2-5; the layer of a file that does not say it.",
    };

    /// <summary>Adds the options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="isNeeded">Whether something must be given.</param>
    /// <param name="hasCoefficients">Whether coefficients are given here.</param>
    /// <param name="hasConfig">Whether a configuration may stand in place of vectors.</param>
    public void AddTo(Command command, bool isNeeded = false, bool hasCoefficients = true, bool hasConfig = true)
    {
        if (hasConfig)
            command.Add(_config);
        command.Add(_vectors);
        if (hasCoefficients)
            command.Add(_coefficients);
        command.Add(_layers);
        command.Validators.Add(result => Check(result, isNeeded, hasConfig));
    }

    /// <summary>The vectors, checked against the model.</summary>
    /// <exception cref="ModelFormatException">A file is not well formed.</exception>
    /// <exception cref="InterventionException">A vector does not fit the model.</exception>
    public ImmutableArray<SteeringVector> Vectors(ParseResult arguments, LoadedModel model)
    {
        var layers = NumberRanges.Parse(arguments.GetValue(_layers), _layers.Name);
        ImmutableArray<SteeringVector> vectors =
        [
            .. (arguments.GetValue(_vectors) ?? []).Select(path =>
                SteeringVectorFile.Read(path, layers is [var only] ? only : null)
            ),
        ];
        if (!layers.IsEmpty)
            vectors = [.. vectors.Select(vector => vector.AtLayers(layers))];
        foreach (var vector in vectors)
            vector.Require(model.Components);
        return vectors;
    }

    /// <summary>The interventions, where they act, and how strongly; none where nothing is given.</summary>
    /// <inheritdoc cref="Vectors"/>
    public RunFile Read(ParseResult arguments, LoadedModel model)
    {
        if (arguments.GetResult(_config) is not null && arguments.GetValue(_config) is { } path)
            return RunFile.Read(path);
        var vectors = Vectors(arguments, model);
        return Of(vectors, Coefficients(arguments, vectors.Length));
    }

    /// <summary>The files of the vectors, in their order.</summary>
    public IReadOnlyList<string> Files(ParseResult arguments) => arguments.GetValue(_vectors) ?? [];

    /// <summary>A coefficient for each vector.</summary>
    /// <exception cref="InterventionException">There are others than one for all, or one each.</exception>
    public ImmutableArray<float> Coefficients(ParseResult arguments, int count)
    {
        var given = arguments.GetResult(_coefficients) is null ? [] : arguments.GetValue(_coefficients) ?? [];
        if (given.Length > 1 && given.Length != count)
            throw new InterventionException($"{given.Length} coefficients for {count} vectors; give one, or one each.");
        return
        [
            .. Enumerable.Range(0, count).Select(index => given.Length == 0 ? 1 : given[given.Length == 1 ? 0 : index]),
        ];
    }

    /// <summary>Whether a configuration is given in place of vectors.</summary>
    public bool HasConfig(ParseResult arguments) => arguments.GetValue(_config) is not null;

    /// <summary>The interventions that add vectors.</summary>
    public static RunFile Of(IReadOnlyList<SteeringVector> vectors, IReadOnlyList<float> coefficients) =>
        new(
            new IntervenableConfig { Representations = [.. vectors.SelectMany(vector => vector.Representations)] },
            null,
            new RunSettings
            {
                Coefficients =
                [
                    .. vectors.SelectMany(
                        (vector, index) =>
                            Enumerable.Repeat(Coefficient.Of(coefficients[index]), vector.Directions.Count)
                    ),
                ],
            }
        );

    private void Check(CommandResult result, bool isNeeded, bool hasConfig)
    {
        var hasVectors = EitherOptions.IsGiven(result, _vectors);
        var isConfigured = hasConfig && EitherOptions.IsGiven(result, _config);
        if (hasVectors && isConfigured)
            result.AddError($"Give {_config.Name} or {_vectors.Name}, not both.");
        if (isNeeded && !hasVectors && !isConfigured)
            result.AddError(hasConfig ? $"Give {_vectors.Name} or {_config.Name}." : $"Give {_vectors.Name}.");
        foreach (var option in new Option[] { _coefficients, _layers })
        {
            if (!hasVectors && EitherOptions.IsGiven(result, option))
                result.AddError($"{option.Name} goes with {_vectors.Name}.");
        }
    }
}
