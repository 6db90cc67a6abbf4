using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Training.Artifacts;

/// <summary>
/// The files from which <c>TrainingSession</c> of ONNX Runtime Training 1.19.2 trains: a model of the loss and its
/// gradients, one of the loss alone, the optimiser, and a checkpoint with the parameters.
/// </summary>
public sealed class TrainingArtifacts
{
    /// <summary>The file of the loss and its gradients.</summary>
    public const string TrainingName = "training_model.onnx";

    /// <summary>The file of the loss alone.</summary>
    public const string EvaluationName = "eval_model.onnx";

    /// <summary>The file of the optimiser.</summary>
    public const string OptimizerName = "optimizer_model.onnx";

    /// <summary>The file of the parameters.</summary>
    public const string CheckpointName = "checkpoint";

    private readonly ArtifactModels _models;
    private readonly Model _training;
    private readonly Model _optimizer;

    private TrainingArtifacts(TrainableGraph graph, ArtifactOptions options)
    {
        _models = new ArtifactModels(graph, options);
        _training = _models.Training();
        _optimizer = OptimizerModel.Of(options.Optimizer);
    }

    /// <summary>The parameters that are trained.</summary>
    public ImmutableArray<string> Trained => _models.Trained;

    /// <summary>The parameters that stay as they are.</summary>
    public ImmutableArray<string> Frozen => [.. Names.Where(name => !Trained.Contains(name))];

    /// <summary>What a training step is fed, in order: the model's inputs, those of sources, the labels.</summary>
    public ImmutableArray<string> Inputs =>
        [.. _models.Evaluation().Graph.Inputs.Select(input => input.Name).Except(Names)];

    private IEnumerable<string> Names => _models.Parameters.Select(parameter => parameter.Name);

    /// <summary>Files that train weights of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="weights">The weights, by the names that the file gives them (initializers); others stay.</param>
    /// <param name="options">The loss and the optimiser.</param>
    /// <exception cref="InterventionException">
    /// The model has no such weight or output, or an operator between a weight and the loss has no gradient rule.
    /// </exception>
    public static TrainingArtifacts OfWeights(
        LoadedModel model,
        IReadOnlyList<string> weights,
        ArtifactOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(weights);
        options ??= new ArtifactOptions();
        return new TrainingArtifacts(TrainableGraph.OfWeights(model, weights, options.Output), options);
    }

    /// <summary>
    /// Files that train interventions: the base's run and those of its sources are one graph, and every example is
    /// intervened on in the same places.
    /// </summary>
    /// <param name="model">The model and its interventions.</param>
    /// <param name="unitLocations">Where its sources are read and it is written; null for everywhere.</param>
    /// <param name="settings">Subspaces, coefficients and constant sources.</param>
    /// <param name="options">The loss and the optimiser.</param>
    /// <exception cref="InterventionException">
    /// Nothing of the interventions is trained, they do not fit the model or the length, their sources form a chain, or
    /// an operator between them and the loss has no gradient rule.
    /// </exception>
    public static TrainingArtifacts OfInterventions(
        IntervenableModel model,
        UnitLocations? unitLocations = null,
        RunSettings? settings = null,
        ArtifactOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Config.Mode == InterventionMode.Serial)
            throw new InterventionException(
                "Sources that form a chain (mode 'serial') cannot be written into files for ONNX Runtime Training. Use "
                    + "'parallel' sources, or train here."
            );
        options ??= new ArtifactOptions();
        var example = ArtifactExample.Of(model.Model.Graph, options.Length);
        var request = new RunRequest(
            model.Config,
            model.Interventions,
            example,
            // Equal inputs would be one run.
            [.. Enumerable.Range(0, SourceGroups.Of(model.Config).Count).Select(_ => CopyOf(example))],
            unitLocations,
            settings
        );
        return new TrainingArtifacts(InterventionGraph.Of(model, request, options.Output), options);
    }

    private static ModelInputs CopyOf(ModelInputs inputs) =>
        new(inputs.Arrays.Select(entry => entry).ToImmutableDictionary());

    /// <summary>Writes the four files; the folder then has all of them, or what it had before.</summary>
    /// <exception cref="InterventionException">The parameters take more than a checkpoint can hold.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void Save(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var parameters = _models.Parameters.ToLookup(parameter => Trained.Contains(parameter.Name));
        using var files = new PendingFolder(folder, CheckpointName);
        Write(TrainingName, _training);
        Write(EvaluationName, _models.Evaluation());
        Write(OptimizerName, _optimizer);
        files.Write(
            CheckpointName,
            stream => OrtCheckpoint.Write(stream, [.. parameters[true]], [.. parameters[false]])
        );
        files.Commit();

        void Write(string name, Model model) => files.Write(name, stream => OnnxFile.Write(model, stream));
    }
}
