using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients;

/// <summary>
/// Owns one ONNX Runtime session that computes a loss and its gradients by components and weights of a model: one run
/// forward and back for all of them. Only what lies between them and the loss is differentiated. Safe for concurrent
/// runs; must not be disposed during one, nor outlive the model.
/// </summary>
public sealed class GradientSession : IDisposable
{
    private readonly GradientModel _built;
    private readonly InterventionSession _session;
    private readonly GradientTargets _targets;
    private readonly string _structure;

    private GradientSession(GradientModel built, InterventionSession session, GradientTargets targets, string structure)
    {
        _built = built;
        _session = session;
        _targets = targets;
        _structure = structure;
    }

    /// <summary>What the session differentiates by.</summary>
    public GradientTargets Targets => _targets;

    /// <summary>The model that runs, in standard operators: its first output is the loss.</summary>
    public Model Model => _built.Spliced.Model;

    /// <summary>Builds the gradients' graph and opens a session of it.</summary>
    /// <param name="model">The model; it shares its weights with the session.</param>
    /// <param name="loss">The loss; runs may change its numbers, not its kind or output.</param>
    /// <param name="targets">What to differentiate by.</param>
    /// <exception cref="InterventionException">
    /// The model lacks a component, a weight or the output, or an operator between them and the loss has no gradient
    /// rule: the message names the node.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model.</exception>
    public static GradientSession Open(LoadedModel model, Loss loss, GradientTargets targets)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(targets);
        var distinct = targets.Distinct();
        if (distinct.Components.IsEmpty && distinct.Weights.IsEmpty)
            throw new InterventionException("There is nothing to differentiate by. Name a component or a weight.");
        var built = GradientModel.Of(model.Model, model.Components, loss, distinct);
        return new GradientSession(built, model.OpenSession(built.Spliced), distinct, loss.Structure);
    }

    /// <summary>
    /// The gradients of a loss on some inputs, by a session that is opened for it alone. Open a session for several
    /// runs.
    /// </summary>
    /// <inheritdoc cref="Open"/>
    /// <inheritdoc cref="Run"/>
    public static GradientResult Of(LoadedModel model, ModelInputs inputs, Loss loss, GradientTargets targets)
    {
        using var session = Open(model, loss, targets);
        return session.Run(inputs, loss);
    }

    /// <summary>Computes the loss and its gradients.</summary>
    /// <param name="inputs">What the model is run on.</param>
    /// <param name="loss">The loss, of the kind that the session was opened for.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">The inputs do not fit the model, or the loss not the inputs.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped the run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public GradientResult Run(ModelInputs inputs, Loss loss, CancellationToken cancellation = default) =>
        RunMoved(inputs, loss, [], cancellation);

    /// <summary>
    /// Computes the loss and its gradients where components are moved: for each of <see
    /// cref="GradientTargets.Moved"/> what is added to it, in the shape of <see cref="GradientResult.Values"/>.
    /// </summary>
    internal GradientResult RunMoved(
        ModelInputs inputs,
        Loss loss,
        IReadOnlyList<NumericArray> moves,
        CancellationToken cancellation
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(loss);
        if (loss.Structure != _structure)
            throw new InterventionException(
                $"The session was opened for another loss ({_structure}) than {loss.Structure}. Open one for this loss."
            );
        GradientModel.RefuseCache(inputs, _built.IsWithoutCache);
        var added = loss.Feeds(inputs, _built.OutputAxes)
            .ToDictionary(feed => LossGraph.Prefix + feed.Key, feed => feed.Value);
        foreach (var (name, move) in _built.Moves.Zip(moves))
            added.Add(name, move);
        string[] outputs = [_session.FirstOutput, .. _built.Outputs, .. _built.Values];
        var arrays = _session.Run(inputs, [], outputs, null, added, cancellation);
        var gradients = arrays.Skip(1).ToList();
        return new GradientResult(
            arrays[0].Floats[0],
            _targets.Components.Zip(gradients).ToImmutableDictionary(pair => pair.First, pair => pair.Second),
            _targets
                .Weights.Zip(gradients.Skip(_targets.Components.Length))
                .ToImmutableDictionary(pair => pair.First, pair => pair.Second)
        )
        {
            Values = _targets
                .Read.Zip(gradients.Skip(_built.Outputs.Length))
                .ToImmutableDictionary(pair => pair.First, pair => pair.Second),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
