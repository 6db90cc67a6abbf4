using System.Collections.Immutable;
using OnnxIntervene.Gradients;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;

namespace OnnxIntervene.Training.Artifacts;

/// <summary>
/// The models that ONNX Runtime Training runs: the loss alone, and the loss with gradients, which are summed. Their
/// parameters are inputs, which the checkpoint fills.
/// </summary>
internal sealed class ArtifactModels
{
    // What onnxruntime-training 1.19.2 reads.
    private const int NewestIrVersion = 10;
    private const int NewestOperatorSet = 21;

    private readonly Model _forward;

    /// <summary>Writes the loss after the output.</summary>
    /// <exception cref="InterventionException">
    /// The model is newer than the runtime, or the output is no table of scores.
    /// </exception>
    public ArtifactModels(TrainableGraph graph, ArtifactOptions options)
    {
        _forward = graph.Model;
        if (_forward.OperatorSetVersion > NewestOperatorSet)
            throw new InterventionException(
                $"The model uses operator set {_forward.OperatorSetVersion}; ONNX Runtime Training 1.19.2 knows up to "
                    + $"{NewestOperatorSet}. Export it with that."
            );
        _forward.RaiseIrVersion(8);
        _forward.IrVersion = Math.Min(_forward.IrVersion, NewestIrVersion);
        WriteLoss(_forward, options.AnswerPosition);
        Trained = graph.Trained;
        Parameters =
        [
            .. _forward.Graph.Initializers.Where(IsParameter).Select(value => (value.Name, value.Initializer!)),
        ];
    }

    /// <summary>The names of the parameters that are trained.</summary>
    public ImmutableArray<string> Trained { get; }

    /// <summary>Every parameter, trained and frozen, with what it is in the beginning.</summary>
    public ImmutableArray<(string Name, TensorData Data)> Parameters { get; }

    /// <summary>The model of the loss alone.</summary>
    public Model Evaluation()
    {
        var copy = _forward.Copy();
        _ = ToInputs(copy);
        DeadCode.LeaveOnly(copy, [copy.Graph.Outputs[0]]);
        return copy;
    }

    /// <summary>The model of the loss and its gradients.</summary>
    /// <exception cref="InterventionException">
    /// The loss does not depend on a trained parameter, or an operator between them has no gradient rule.
    /// </exception>
    public Model Training()
    {
        var copy = _forward.Copy();
        var inputs = ToInputs(copy);
        ImmutableArray<Value> trained = [.. inputs.Where(input => Trained.Contains(input.Name))];
        var editor = new GraphEditor(copy);
        var loss = copy.Graph.Outputs[0];
        var gradients = BackwardPass.Write(editor, loss, trained);
        TrainingModel.RequireEffect(copy.Graph, loss, trained);
        var sums = Sums(editor, trained, gradients);
        copy.OperatorSets = copy.OperatorSets.SetItem(ArtifactNames.Domain, 1);
        DeadCode.LeaveOnly(copy, [loss, .. sums]);
        return copy;
    }

    private static List<Value> Sums(GraphEditor editor, ImmutableArray<Value> trained, ImmutableArray<Value> gradients)
    {
        var (graph, ops) = (editor.Graph, editor.Builder("gradient"));
        var buffers = trained
            .Select(parameter => graph.AddInput(ArtifactNames.Buffer(parameter.Name), parameter.Type))
            .ToList();
        var reset = graph.AddInput(ArtifactNames.LazyReset, Flag);
        var sums = new List<Value>();
        for (var index = 0; index < trained.Length; index++)
        {
            var name = trained[index].Name;
            // A node of its own for each: two parameters may have one gradient.
            var gradient = ops.Identity(gradients[index]);
            (gradient.Name, gradient.Type) = (ArtifactNames.Gradient(name), trained[index].Type);
            var sum = ops.Emit("InPlaceAccumulatorV2", [buffers[index], gradient, reset], domain: ArtifactNames.Domain);
            sum.Producer!.Name = $"GradientAccumulator{index + 1}";
            (sum.Name, sum.Type) = (ArtifactNames.Accumulated(name), Flag);
            sums.Add(sum);
        }

        return sums;
    }

    /// <summary>A truth value in a row of one.</summary>
    public static TensorType Flag => new(ElementType.Bool, Shape.Of(1L));

    // A number alone is one of the architecture, such as an epsilon.
    private bool IsParameter(Value value) =>
        value.Initializer is { ElementType: ElementType.Float32, Dimensions.Length: > 0 } data
        && (data.Count > 1 || Trained.Contains(value.Name))
        && !value.Name.StartsWith(NameScope.Prefix, StringComparison.Ordinal)
        && !_forward.Graph.IsInput(value);

    private ImmutableArray<Value> ToInputs(Model copy)
    {
        var constants = copy.Graph.Initializers.ToDictionary(value => value.Name);
        var inputs = new List<Value>();
        foreach (var (name, _) in Parameters)
        {
            var constant = constants[name];
            var input = copy.Graph.AddInput(name, constant.Type);
            constant.ReplaceUses(input);
            inputs.Add(input);
        }

        copy.Graph.RemoveInitializers(Parameters.Select(parameter => constants[parameter.Name]).ToHashSet());
        return [.. inputs];
    }

    private static void WriteLoss(Model model, int position)
    {
        var output = model.Graph.Outputs[0];
        var axes = new TypeInference().RankOf(output) ?? 3;
        if (axes is not (2 or 3))
            throw new InterventionException(
                $"The output {output} has {axes} axes; the loss reads [batch, classes] or [batch, position, classes]. "
                    + "Choose another."
            );
        var ops = new OpBuilder(model.Graph, NameScope.Of(model), model.OperatorSetVersion, "loss");
        var scores = axes == 2 ? output : ops.Gather(output, ops.Scalar(position), 1);
        var labels = model.Graph.AddInput(
            ArtifactNames.Labels,
            new TensorType(ElementType.Int64, new Shape([Examples(model)]))
        );
        var loss = ops.Emit("SoftmaxCrossEntropyLoss", [scores, labels], [NodeAttribute.Of("reduction", "mean")]);
        (loss.Name, loss.Type) = (ArtifactNames.Loss, new TensorType(ElementType.Float32, new Shape([])));
        DeadCode.LeaveOnly(model, [loss]);
    }

    private static Dimension Examples(Model model) =>
        model.Graph.Inputs.Select(input => input.Type?.Shape?.Dimensions.FirstOrDefault()).FirstOrDefault()
        ?? Dimension.Named("batch");
}
