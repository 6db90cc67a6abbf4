using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Gradients;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training.Weights;

/// <summary>
/// Owns the sessions that read a source with the weights as they are, and that pass a gradient by what was read on to
/// the weights.
/// </summary>
internal sealed class WeightSource : IDisposable
{
    private const string Given = NameScope.Prefix + "given/";

    private readonly InterventionSession _forward;
    private readonly InterventionSession _backward;
    private readonly ImmutableArray<string> _reads;
    private readonly ImmutableArray<string> _gradients;

    /// <summary>Builds both graphs.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sites">What is read.</param>
    /// <param name="weights">The weights.</param>
    /// <exception cref="InterventionException">
    /// An operator between the weights and what is read has no rule.
    /// </exception>
    public WeightSource(LoadedModel model, ImmutableArray<SpliceSite> sites, TrainedWeights weights)
    {
        var spliced = Splicer.Splice(model.Model, model.Components, sites);
        _reads = [.. spliced.Sites.Select(site => site.Read!)];
        var editor = new GraphEditor(spliced.Model);
        _ = new TakenBranches(editor);
        var inputs = weights.ToInputs(spliced.Model);
        var outputs = spliced.Model.Graph.Outputs.ToDictionary(output => output.Name);
        var reads = _reads.Select(name => editor.Current(outputs[name])).ToList();
        spliced = spliced with { AddedInputs = [.. inputs.Select(input => input.Name)] };
        _forward = model.OpenSession(spliced with { Model = GraphCut.To(spliced.Model, reads) });

        var given = reads.Select((read, index) => editor.Graph.AddInput($"{Given}{index}", read.Type)).ToList();
        var gradients = BackwardPass.Write(editor, SeededSum.Of(editor.Builder("source"), reads, given), inputs);
        var ops = editor.Builder("gradient");
        var results = gradients.Select(ops.Identity).ToList();
        _gradients = [.. results.Select(result => result.Name)];
        _backward = model.OpenSession(
            spliced with
            {
                Model = GraphCut.To(spliced.Model, results),
                AddedInputs = [.. spliced.AddedInputs, .. given.Select(input => input.Name)],
            }
        );
    }

    /// <summary>What the sites read, one after the other.</summary>
    public ImmutableArray<NumericArray> Read(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        TrainedWeights weights,
        CancellationToken cancellation
    ) => _forward.Run(inputs, feeds, _reads, null, weights.Feeds.ToDictionary(), cancellation);

    /// <summary>The gradient by each weight from that by what the sites read.</summary>
    public ImmutableArray<NumericArray> Back(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        TrainedWeights weights,
        IEnumerable<NumericArray> gradients,
        CancellationToken cancellation
    ) =>
        _backward.Run(
            inputs,
            feeds,
            _gradients,
            null,
            weights
                .Feeds.Concat(
                    gradients.Select(
                        (gradient, index) => new KeyValuePair<string, NumericArray>($"{Given}{index}", gradient)
                    )
                )
                .ToDictionary(),
            cancellation
        );

    /// <inheritdoc/>
    public void Dispose()
    {
        _forward.Dispose();
        _backward.Dispose();
    }
}
