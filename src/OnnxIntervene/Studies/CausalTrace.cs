using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies;

/// <summary>Runs causal tracing, every sample of every cell, and computes no more than cells change.</summary>
public static class CausalTrace
{
    /// <summary>Restores every cell of every target and measures the answer's probability.</summary>
    /// <exception cref="InterventionException">
    /// The noise does not fit the model, or a component does not exist.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The sweep was cancelled.</exception>
    public static CausalTraceResult Run(
        LoadedModel model,
        CausalTraceRequest request,
        IProgress<SweepProgress>? progress = null,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        using var cells = Open(model, request, options, cancellation);
        return cells.Run(progress, cancellation);
    }

    /// <summary>What the trace would take; only the clean and the corrupted runs are made.</summary>
    /// <inheritdoc cref="Run"/>
    public static SweepPlan Plan(
        LoadedModel model,
        CausalTraceRequest request,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        using var cells = Open(model, request, options, cancellation);
        return cells.Plan;
    }

    private static TraceCells Open(
        LoadedModel model,
        CausalTraceRequest request,
        SweepOptions? options,
        CancellationToken cancellation
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        Check(request, model.Components.Get(0, ComponentNames.BlockInput));
        InputChecks.Check(request.Inputs, model.Components);
        InputChecks.CheckToken(request.Answer, model.Components, "answer");
        return new TraceCells(model, request, options ?? new SweepOptions(), cancellation);
    }

    private static void Check(CausalTraceRequest request, Component input)
    {
        var (positions, noise) = (request.SubjectPositions, request.Noise);
        if (positions.Length == 0 || positions.Any(position => position < 0 || position >= request.Inputs.Length))
            throw new InterventionException(
                $"The subject's positions [{string.Join(", ", positions)}] are not all in a prompt of "
                    + $"{request.Inputs.Length} tokens."
            );
        if (noise.Shape is not [> 0, var count, var width] || count != positions.Length || width != input.Width)
            throw new InterventionException(
                $"The noise is {noise}; [samples, {positions.Length}, {input.Width}] is needed."
            );
    }
}
