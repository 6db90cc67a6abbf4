using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients;

/// <summary>A model that computes a loss and its gradients by components, in standard operators.</summary>
/// <param name="Spliced">The model; its first output is the loss, a scalar.</param>
/// <param name="Outputs">
/// For each component, then for each weight, in the order asked for, the output that holds its gradient.
/// </param>
/// <param name="Values">For each component that is read, the output that holds its values.</param>
/// <param name="Moves">For each component that is moved, the input that is added to it.</param>
/// <param name="OutputAxes">How many axes the output has that the loss is computed from.</param>
/// <param name="IsWithoutCache">
/// Whether the model chooses branches, and only those of runs without a cache are left.
/// </param>
internal sealed record GradientModel(
    SplicedModel Spliced,
    ImmutableArray<string> Outputs,
    ImmutableArray<string> Values,
    ImmutableArray<string> Moves,
    int OutputAxes,
    bool IsWithoutCache
)
{
    // Operators broadcast, and GatherND exists, from this operator set on.
    private const int OldestOperatorSet = 12;

    /// <summary>Builds the model. The original stays as it is.</summary>
    /// <param name="model">The model, its local functions written out.</param>
    /// <param name="components">Its components.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="targets">What to differentiate by.</param>
    /// <exception cref="InterventionException">
    /// The model lacks a component, a weight or the output, or an operator between them and the loss has no gradient
    /// rule.
    /// </exception>
    public static GradientModel Of(Model model, ComponentMap components, Loss loss, GradientTargets targets)
    {
        RequireOperatorSet(model);
        var copy = model.Copy(out var copies);
        copy.RaiseIrVersion(4);
        var sources = new CopiedSources(copies);
        var editor = new GraphEditor(copy);
        var branches = new TakenBranches(editor);
        var output = Output(copy, loss);
        var sites = new GradientSites(
            editor,
            new GradientComponents(Placed(targets.Components), Placed(targets.Moved), Placed(targets.Read)),
            [.. targets.Weights.Select(name => copies[Weight(model, name)])],
            output
        );
        var axes = new TypeInference().RankOf(output) ?? 3;
        var written = new LossGraph(editor.Builder("loss"), axes);
        var number = loss.Write(written, editor.Current(output));
        var gradients = BackwardPass.Write(editor, number, sites.Tensors);
        var (outputs, values) = (sites.Views(gradients), sites.Values());
        Finish(copy, number, [.. outputs, .. values]);
        return new GradientModel(
            new SplicedModel(copy, components, [])
            {
                Order = [],
                CountedMasks = components.CountedMasks,
                Inputs = [.. model.Graph.Inputs.Select(input => input.Name)],
                AddedInputs = [.. written.Inputs, .. sites.Moves],
            },
            [.. outputs.Select(value => value.Name)],
            [.. values.Select(value => value.Name)],
            sites.Moves,
            axes,
            branches.Any
        );

        ImmutableArray<Component> Placed(ImmutableArray<ComponentAddress> addresses) =>
            [.. addresses.Select(address => branches.Of(sources.Of(components.Get(address))))];
    }

    /// <summary>Refuses a model whose operators are too old to be differentiated.</summary>
    internal static void RequireOperatorSet(Model model)
    {
        if (model.OperatorSetVersion < OldestOperatorSet)
            throw new InterventionException(
                $"The model uses operator set {model.OperatorSetVersion}; gradients need {OldestOperatorSet} or later. "
                    + "Convert it."
            );
    }

    /// <summary>The output that a loss is computed from.</summary>
    internal static Value Output(Model model, Loss loss) => Output(model, loss.Output);

    /// <summary>An output by its name; the first for null.</summary>
    internal static Value Output(Model model, string? name) =>
        name is null
            ? model.Graph.Outputs[0]
            : model.Graph.Outputs.FirstOrDefault(output => output.Name == name)
                ?? throw new InterventionException(
                    $"The model has no output '{name}'. It has: " + $"{string.Join(", ", OwnOutputs(model))}."
                );

    private static IEnumerable<string> OwnOutputs(Model model) =>
        model
            .Graph.Outputs.Select(output => output.Name)
            .Where(name => !name.StartsWith(NameScope.Prefix, StringComparison.Ordinal));

    /// <summary>Refuses inputs that use a cache where only the branches without one are left.</summary>
    internal static void RefuseCache(ModelInputs inputs, bool isWithoutCache)
    {
        if (isWithoutCache && inputs.Arrays.TryGetValue(InputFiller.CacheSwitch, out var uses) && Any(uses))
            throw new InterventionException(
                $"Gradients of this model are those of runs without a cache, but '{InputFiller.CacheSwitch}' is true. "
                    + "Give all tokens, and no cache."
            );
    }

    private static bool Any(NumericArray marks) =>
        marks.IsInteger ? marks.Integers.ContainsAnyExcept(0) : marks.Floats.ContainsAnyExcept(0);

    /// <summary>A constant of the main graph that holds floating-point numbers.</summary>
    internal static Value Weight(Model model, string name)
    {
        var weight =
            model.Graph.Initializers.FirstOrDefault(value => value.Name == name)
            ?? throw new InterventionException(
                $"The model has no weight '{name}' in its main graph. 'onnx-intervene inspect' names its tensors."
            );
        return weight.Initializer?.ElementType.IsFloat() is true
            ? weight
            : throw new InterventionException($"The weight {weight} does not hold floating-point numbers.");
    }

    private static void Finish(Model model, Value loss, ImmutableArray<Value> outputs)
    {
        loss.Type = new TensorType(ElementType.Float32, Shape.Of(ReadOnlySpan<long>.Empty));
        foreach (var output in outputs)
            output.Type = new TensorType(ElementType.Float32, null);
        DeadCode.LeaveOnly(model, [loss, .. outputs]);
    }
}
