using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients;

/// <summary>
/// Owns one ONNX Runtime session that computes a loss and its gradients by components of a model: one run forward and
/// back for all of them. Only what lies between the lowest component and the loss is differentiated. Safe for concurrent
/// runs; must not be disposed during one, nor outlive the model.
/// </summary>
public sealed class GradientSession : IDisposable
{
    private readonly GradientModel _built;
    private readonly InterventionSession _session;
    private readonly ImmutableArray<ComponentAddress> _components;
    private readonly string _structure;

    private GradientSession(
        GradientModel built,
        InterventionSession session,
        ImmutableArray<ComponentAddress> components,
        string structure
    )
    {
        _built = built;
        _session = session;
        _components = components;
        _structure = structure;
    }

    /// <summary>The components that the session differentiates by.</summary>
    public IReadOnlyList<ComponentAddress> Components => _components;

    /// <summary>The model that runs, in standard operators: its first output is the loss.</summary>
    public Model Model => _built.Spliced.Model;

    /// <summary>Builds the gradients' graph and opens a session of it.</summary>
    /// <param name="model">The model; it shares its weights with the session.</param>
    /// <param name="loss">The loss; runs may change its numbers, not its kind or output.</param>
    /// <param name="components">The components to differentiate by.</param>
    /// <exception cref="InterventionException">
    /// The model lacks a component or the output, or an operator between them and the loss has no gradient rule: the
    /// message names the node.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model.</exception>
    public static GradientSession Open(LoadedModel model, Loss loss, IReadOnlyList<ComponentAddress> components)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(components);
        ImmutableArray<ComponentAddress> distinct = [.. components.Distinct()];
        if (distinct.IsEmpty)
            throw new InterventionException("There is no component to differentiate by. Name at least one.");
        var built = GradientModel.Of(model.Model, model.Components, loss, distinct);
        return new GradientSession(built, model.OpenSession(built.Spliced), distinct, loss.Structure);
    }

    /// <summary>
    /// The gradients of a loss on some inputs, by a session that is opened for it alone. Open a session for several runs.
    /// </summary>
    /// <inheritdoc cref="Open"/>
    /// <inheritdoc cref="Run"/>
    public static GradientResult Of(
        LoadedModel model,
        ModelInputs inputs,
        Loss loss,
        IReadOnlyList<ComponentAddress> components
    )
    {
        using var session = Open(model, loss, components);
        return session.Run(inputs, loss);
    }

    /// <summary>Computes the loss and its gradients.</summary>
    /// <param name="inputs">What the model is run on.</param>
    /// <param name="loss">The loss, of the kind that the session was opened for.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">The inputs do not fit the model, or the loss not the inputs.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped the run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public GradientResult Run(ModelInputs inputs, Loss loss, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(loss);
        if (loss.Structure != _structure)
            throw new InterventionException(
                $"The session was opened for another loss ({_structure}) than {loss.Structure}. Open one for this loss."
            );
        if (_built.IsWithoutCache && inputs.Arrays.TryGetValue(InputFiller.CacheSwitch, out var uses) && Any(uses))
            throw new InterventionException(
                $"Gradients of this model are those of runs without a cache, but '{InputFiller.CacheSwitch}' is true. "
                    + "Give all tokens, and no cache."
            );
        var added = loss.Feeds(inputs, _built.OutputAxes)
            .ToDictionary(feed => LossGraph.Prefix + feed.Key, feed => feed.Value);
        string[] outputs = [_session.FirstOutput, .. _built.Outputs];
        var values = _session.RunValues(inputs, [], outputs, null, added, cancellation);
        try
        {
            return new GradientResult(
                values[0].Array.Floats[0],
                _components.Zip(values.Skip(1)).ToImmutableDictionary(pair => pair.First, pair => pair.Second.Array)
            );
        }
        finally
        {
            foreach (var value in values)
                value.Dispose();
        }
    }

    private static bool Any(NumericArray marks) =>
        marks.IsInteger ? marks.Integers.ContainsAnyExcept(0) : marks.Floats.ContainsAnyExcept(0);

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
