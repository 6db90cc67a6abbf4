using System.Collections.Immutable;
using OnnxIntervene.Checking.Laws;
using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Checking;

/// <summary>
/// Proves a model's components on the model itself, without a reference: by laws that hold for a component if and only
/// if it is what its name says, in every layer, on random or given inputs.
/// </summary>
public static class ComponentCheck
{
    private const double Single = 1e-4;
    private const double Half = 1e-2;

    // Eight bits for the range of a whole tensor, which each write moves.
    private const double Byte = 0.1;

    private const int LongestChain = 4;

    private static readonly string[] s_bytes =
    [
        "DynamicQuantizeLinear",
        "DynamicQuantizeMatMul",
        "QuantizeLinear",
        "QLinearMatMul",
    ];

    /// <summary>Checks every component of a map.</summary>
    /// <param name="map">The components, of the model that was loaded.</param>
    /// <param name="model">The model.</param>
    /// <param name="inputs">What it is run on; random inputs where left out.</param>
    /// <param name="progress">Told how many layers are done.</param>
    /// <param name="cancellation">Ends the check early.</param>
    /// <exception cref="ArgumentException">The map is not this model's.</exception>
    /// <exception cref="InterventionException">
    /// No inputs can be drawn for the model, or those given do not fit.
    /// </exception>
    /// <exception cref="Runtime.ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The check was cancelled.</exception>
    public static CheckReport Check(
        this ComponentMap map,
        LoadedModel model,
        CheckInputs? inputs = null,
        IProgress<(int Done, int All)>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(model);
        if (map != model.Components)
            throw new ArgumentException("The components are not those of this model.", nameof(map));
        if (map.Components.IsEmpty)
            return new CheckReport([]);
        var random = new RandomInputs(model.Model.Graph, map.Limits, model.Configuration.ImageSize, seed: 1);
        var drawn = inputs ?? random.Draw(variesAll: false);
        var refused = Refused(model, map.Components, drawn.Base, cancellation);
        var probed = map.Components.Where(component => !refused.ContainsKey(component)).ToList();
        using var probe = new Probe(model, probed, cancellation);
        var context = new LawContext(
            probe,
            drawn,
            probe.Run(drawn.Base),
            probe.Run(drawn.Source),
            probed.ToDictionary(component => component.Address),
            0,
            null,
            ToleranceOf(model.Model)
        );
        var findings = ImmutableArray.CreateBuilder<LawFinding>();
        findings.AddRange(
            refused.Select(item =>
                LawContext.Finding("it can be read and written", [item.Key], LawOutcome.Untested, item.Value)
            )
        );
        var (done, all) = (0, map.Stacks.Sum(stack => stack.LayerCount));
        foreach (var stack in map.Stacks)
        {
            var own = context with { LayerCount = stack.LayerCount, Stack = stack.IsMain ? null : stack.Name };
            // What the model's own layers read of other stacks is the same in both runs; those themselves must differ.
            if (!stack.IsMain && inputs is null)
                own = Redrawn(own, random.Draw(variesAll: true));
            for (var layer = 0; layer < stack.LayerCount; layer++)
            {
                findings.AddRange(new LayerCheck(own, layer).Findings());
                progress?.Report((++done, all));
            }

            findings.AddRange(Causality(own));
            findings.AddRange(LayerLaws.Of(own, map));
            findings.AddRange(NamingLaws.Of(own, map, model.Model.Graph));
            findings.AddRange(PaddingLaws.Of(own, model.Model.Graph));
        }

        return new CheckReport(findings.ToImmutable());
    }

    // Components that cannot be reached in this model, or on these inputs, each with the reason; they are looked for
    // where all of them together are refused.
    private static Dictionary<Component, string> Refused(
        LoadedModel model,
        ImmutableArray<Component> components,
        ModelInputs inputs,
        CancellationToken cancellation
    )
    {
        if (Refusal(model, components, inputs, cancellation) is not { } reason)
            return [];
        var refused = new Dictionary<Component, string>();
        foreach (var component in components)
        {
            if (Refusal(model, [component], inputs, cancellation) is { } own)
                refused.Add(component, own);
        }

        return refused.Count > 0 && refused.Count < components.Length
            ? refused
            : throw new InterventionException(reason);
    }

    private static string? Refusal(
        LoadedModel model,
        IReadOnlyList<Component> components,
        ModelInputs inputs,
        CancellationToken cancellation
    )
    {
        try
        {
            using var probe = new Probe(model, components, cancellation);
            probe.Run(inputs);
            return null;
        }
        catch (InterventionException fault)
        {
            return fault.Message;
        }
    }

    private static LawContext Redrawn(LawContext context, CheckInputs inputs) =>
        context with
        {
            Inputs = inputs,
            Base = context.Probe.Run(inputs.Base),
            Source = context.Probe.Run(inputs.Source),
        };

    private static double ToleranceOf(Model model)
    {
        var nodes = model.Graph.AllNodes().ToList();
        if (nodes.Exists(node => s_bytes.Contains(node.Operator.OperatorType) || ReadsByteWeights(node)))
            return Byte;
        var isHalf =
            nodes.Exists(node =>
                node.Operator.OperatorType == "MatMulNBits"
                || (node.Operator.OperatorType == "Cast" && node.FindAttribute("to")?.Integer is 10 or 16)
            ) || model.Graph.Outputs.Any(value => value.Type?.ElementType == ElementType.Float16);
        return isHalf ? Half : Single;
    }

    // ONNX Runtime multiplies integers where weights are bytes, and rounds what they are multiplied with.
    private static bool ReadsByteWeights(Node node)
    {
        if (node.Operator.OperatorType is not ("MatMul" or "Gemm") || node.InputOrNull(1) is not { } weights)
            return false;
        var at = weights.Producer;
        for (var depth = 0; depth < LongestChain && at is { Operator.OperatorType: "Transpose" or "Reshape" }; depth++)
            at = at.InputOrNull(0)?.Producer;
        return at is { Operator.OperatorType: "DequantizeLinear" }
            && at.InputOrNull(0) is { Initializer.ElementType: ElementType.Int8 or ElementType.UInt8 };
    }

    // The layers of one model are all causal, or none is.
    private static IEnumerable<LawFinding> Causality(LawContext context)
    {
        var reaches = Enumerable
            .Range(0, context.LayerCount)
            .Select(layer => (layer, Back: PositionLaws.ReachesBack(context, layer)))
            .Where(item => item.Back is not null)
            .ToList();
        foreach (var (layer, back) in reaches)
        {
            var isOdd = back != reaches[0].Back;
            yield return LawContext.Finding(
                reaches[0].Back == true ? "a write reaches every position" : "a write changes nothing before it",
                [context.Find(layer, ComponentNames.BlockOutput)!],
                isOdd ? LawOutcome.Contradicted : LawOutcome.Proved,
                isOdd ? $"layer {reaches[0].layer} does otherwise" : ""
            );
        }
    }
}
