using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Gradients;

/// <summary>
/// A part of a model run back, as a session of its own: from gradients of what the part ends with to the gradient of
/// what it begins with, by this part alone. Owns the session.
/// </summary>
internal sealed class StreamPullback : IDisposable
{
    private readonly InterventionSession _session;
    private readonly ImmutableArray<string> _seeds;
    private readonly Component _start;
    private readonly string _input;

    private StreamPullback(InterventionSession session, ImmutableArray<string> seeds, Component start, string input) =>
        (_session, _seeds, _start, _input) = (session, seeds, start, input);

    /// <summary>Builds the part's graph and opens a session of it.</summary>
    /// <param name="model">The model; it shares its weights with the session.</param>
    /// <param name="start">Where the part begins, a component without heads.</param>
    /// <param name="ends">Where it ends.</param>
    /// <exception cref="InterventionException">
    /// The model cannot be cut there, or an operator has no gradient rule.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the part.</exception>
    public static StreamPullback Open(LoadedModel model, ComponentAddress start, ImmutableArray<ComponentAddress> ends)
    {
        var copy = model.Model.Copy(out var copies);
        copy.RaiseIrVersion(4);
        var (sources, editor) = (new CopiedSources(copies), new GraphEditor(copy));
        var branches = new TakenBranches(editor);
        var first = Placed(start);
        var sites = new GradientSites(
            editor,
            new GradientComponents([first], [], [.. ends.Select(Placed)]),
            [],
            copy.Graph.Outputs[0]
        );
        var values = sites.Values();
        var seeds = Seeds(editor, values);
        var sum = SeededSum.Of(editor.Builder("seed"), values, seeds);
        var gradient = sites.Views(BackwardPass.Write(editor, sum, sites.Tensors));
        var tensor = sites.Tensors[0];
        var part = Cut(copy, tensor, gradient[0]);
        var spliced = new SplicedModel(part, model.Components, [])
        {
            Order = [],
            CountedMasks = model.Components.CountedMasks,
            Inputs = [.. model.Model.Graph.Inputs.Select(input => input.Name), tensor.Name],
            AddedInputs = [.. seeds.Select(seed => seed.Name)],
        };
        return new StreamPullback(model.OpenSession(spliced), spliced.AddedInputs, first, tensor.Name);

        Component Placed(ComponentAddress address) => branches.Of(sources.Of(model.Components.Get(address)));
    }

    /// <summary>Runs the part back.</summary>
    /// <param name="inputs">What the model is run on, as many rows as streams.</param>
    /// <param name="streams">What the part begins with, <c>[row, position, width]</c>.</param>
    /// <param name="gradients">
    /// For each end its gradient, <c>[row, position, width]</c> or <c>[row, position, head, width]</c>.
    /// </param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <returns>The gradient of the streams.</returns>
    public NumericArray Run(
        ModelInputs inputs,
        NumericArray streams,
        IReadOnlyList<NumericArray> gradients,
        CancellationToken cancellation
    )
    {
        var added = _seeds.Zip(gradients).ToDictionary(pair => pair.First, pair => pair.Second);
        var given = new ModelInputs(inputs.Arrays.SetItem(_input, StartArrays.Of(_start.Source, streams)));
        return _session.Run(given, [], [_session.FirstOutput], null, added, cancellation)[0];
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private static ImmutableArray<Value> Seeds(GraphEditor editor, ImmutableArray<Value> ends) =>
        [.. ends.Select(end => Seed(editor, end))];

    private static Value Seed(GraphEditor editor, Value end)
    {
        var name = editor.Unique($"{LossGraph.Prefix}seed");
        var rank = editor.Types.RankOf(end) ?? 3;
        var shape =
            editor.Types.ShapeOf(end)
            ?? new Shape([.. Enumerable.Range(0, rank).Select(axis => Dimension.Named($"{name}/{axis}"))]);
        return editor.Graph.AddInput(name, new TensorType(ElementType.Float32, shape));
    }

    private static Model Cut(Model model, Value start, Value gradient)
    {
        gradient.Type = new TensorType(ElementType.Float32, null);
        model.Graph.SetOutputs([gradient]);
        DeadCode.Remove(model.Graph);
        GraphOrder.Sort(model.Graph);
        return GraphCut.Between(model, [start], [gradient], new TypeInference().TypeOf, out _);
    }
}
