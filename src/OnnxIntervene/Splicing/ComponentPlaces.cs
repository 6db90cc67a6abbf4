using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Rewriting;
using OnnxIntervene.Rewriting.Opening;

namespace OnnxIntervene.Splicing;

/// <summary>
/// Where components are in a graph that is being changed: remembers what was opened, and what replaced a module's
/// place.
/// </summary>
internal sealed class ComponentPlaces(GraphEditor editor)
{
    private readonly Openings _openings = new(editor);
    private readonly Dictionary<InputSource, Value> _inputs = new(ReferenceEqualityComparer.Instance);

    /// <summary>Opens the fused operator that contains a component, if any, so that it can be reached.</summary>
    /// <exception cref="InterventionException">The operator is used in a way that cannot be opened.</exception>
    public void Open(ComponentSource source)
    {
        switch (source)
        {
            case BranchSource branches:
                foreach (var inner in branches.Sources)
                    Open(inner);
                break;
            case OneBranchSource one:
                Open(one.Source);
                break;
            case ResidualSumSource { Node: var node }:
                _openings.Of(node);
                break;
            case ResidualPartSource { Node: var node }:
                _openings.Of(node);
                break;
            case AttentionProbabilitySource { Node: var node }:
                _openings.Of(node);
                break;
            case PackedAttentionSource { Node: var node }:
                _openings.Of(node);
                break;
            case InputSource:
                break;
            default:
                // The norm reads the sum inside the operator: changing the output alone would not reach it.
                foreach (var sum in SourcePlaces.Values(source).Where(FusedOperators.IsResidualSum))
                    _openings.Of(sum.Producer!);
                break;
        }
    }

    /// <summary>Opens a fused operator, unless it is open already.</summary>
    /// <exception cref="InterventionException">The operator is used in a way that cannot be opened.</exception>
    public void Open(Node node) => _openings.Of(node);

    /// <summary>The tensor that holds a component now, and the view of it.</summary>
    public Value Current(ComponentSource source) =>
        source switch
        {
            TensorSource tensor => editor.Current(tensor.Value),
            SliceSource slice => editor.Current(slice.Value),
            SplitHeadsSource split => editor.Current(split.Value),
            InterleavedSource packed => editor.Current(packed.Value),
            FlatSource flat => editor.Current(flat.Value),
            InputSource input => _inputs.TryGetValue(input, out var read)
                ? editor.Current(read)
                : editor.Current(input.Value),
            ResidualSumSource sum => editor.Current(_openings.Of(sum.Node).Sum!),
            ResidualPartSource part => editor.Current(_openings.Of(part.Node).Part!),
            AttentionProbabilitySource probabilities => editor.Current(_openings.Of(probabilities.Node).Probabilities!),
            PackedAttentionSource packed => editor.Current(_openings.Of(packed.Node).Projections[packed.Part]),
            _ => throw new System.Diagnostics.UnreachableException(source.ToString()),
        };

    /// <summary>
    /// Replaces a component by its changed value: for all its readers, or where it is a module's input, for the module
    /// alone.
    /// </summary>
    public void Replace(ComponentSource source, Value current, Value replacement)
    {
        if (source is not InputSource input)
        {
            editor.Replace(current, replacement);
            return;
        }

        replacement.Type ??= current.Type;
        var readers = input.Readers.SelectMany(editor.NodesOf).ToHashSet();
        foreach (var use in current.Uses.Where(use => readers.Contains(use.Node)).ToList())
            use.Node.SetInput(use.InputIndex, replacement);
        _inputs[input] = replacement;
    }
}
