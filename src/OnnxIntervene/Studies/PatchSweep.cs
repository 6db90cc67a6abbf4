using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies;

/// <summary>
/// Runs activation patching over layers and positions, or layers and heads, and computes no more than cells change.
/// </summary>
public static class PatchSweep
{
    /// <summary>Patches every cell and reads the two answers' logits at the last token.</summary>
    /// <param name="model">The model.</param>
    /// <param name="request">What is patched, and what is measured.</param>
    /// <param name="progress">Told how many cells are done.</param>
    /// <param name="options">How cells are run.</param>
    /// <param name="cancellation">Ends the sweep early.</param>
    /// <exception cref="InterventionException">
    /// The runs differ in length, or the component, a layer or a position does not exist.
    /// </exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The sweep was cancelled.</exception>
    public static PatchSweepResult Run(
        LoadedModel model,
        PatchSweepRequest request,
        IProgress<SweepProgress>? progress = null,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        using var cells = Open(model, request, options, cancellation);
        return cells.Run(progress, cancellation);
    }

    /// <summary>What the sweep would take; only the two prompts are run.</summary>
    /// <inheritdoc cref="Run"/>
    public static SweepPlan Plan(
        LoadedModel model,
        PatchSweepRequest request,
        SweepOptions? options = null,
        CancellationToken cancellation = default
    )
    {
        using var cells = Open(model, request, options, cancellation);
        return cells.Plan;
    }

    private static PatchCells Open(
        LoadedModel model,
        PatchSweepRequest request,
        SweepOptions? options,
        CancellationToken cancellation
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        var length = request.Clean.Length;
        if (request.Corrupt.Length != length)
            throw new InterventionException(
                $"The clean run has {length} tokens, the corrupt run {request.Corrupt.Length}; they must be equally "
                    + $"many."
            );
        request = Named(request, model.Components);
        Check(request, model.Components);
        request = request with { Layers = Layers(request, model.Components), Positions = Positions(request, length) };
        return new PatchCells(model, request, options ?? new SweepOptions(), cancellation);
    }

    private static void Check(PatchSweepRequest request, ComponentMap components)
    {
        InputChecks.Check(request.Clean, components);
        InputChecks.Check(request.Corrupt, components);
        InputChecks.CheckToken(request.Answer, components, "answer");
        InputChecks.CheckToken(request.Wrong, components, "wrong answer");
        if (request.Answer == request.Wrong)
            throw new InterventionException("The two answers are one token, so their logits cannot differ.");
        if (AreEqual(request.Clean, request.Corrupt))
            throw new InterventionException(
                "The clean and the corrupt prompt are the same tokens, so there is nothing to patch. Change one of "
                    + "them."
            );
    }

    // A name of TransformerLens may hold its layer.
    private static PatchSweepRequest Named(PatchSweepRequest request, ComponentMap components)
    {
        var first = request.Layers.Length == 1 ? request.Layers[0] : 0;
        var address = components.AddressOf(first, request.Component);
        return address.Name == request.Component ? request
            : components.AddressesOf(request.Component, []) is [var only]
                ? request with
                {
                    Component = only.Name,
                    Layers = [only.Layer],
                }
            : request with { Component = address.Name };
    }

    // A decoder may get the same tokens and another encoder's states.
    private static bool AreEqual(ModelInputs clean, ModelInputs corrupt) =>
        clean.Arrays.Count == corrupt.Arrays.Count
        && clean.Arrays.All(entry =>
            corrupt.Arrays.TryGetValue(entry.Key, out var other) && AreEqual(entry.Value, other)
        );

    private static bool AreEqual(NumericArray first, NumericArray second) =>
        first.IsInteger == second.IsInteger
        && first.Shape.SequenceEqual(second.Shape)
        && (
            first.IsInteger ? first.Integers.SequenceEqual(second.Integers) : first.Floats.SequenceEqual(second.Floats)
        );

    private static ImmutableArray<int> Layers(PatchSweepRequest request, ComponentMap components)
    {
        var layers = request.Layers.Length > 0 ? request.Layers : components.LayersOf(request.Component);
        if (layers.Length == 0)
            layers = [0];
        foreach (var layer in layers)
            components.Get(layer, request.Component);
        return layers;
    }

    private static ImmutableArray<int> Positions(PatchSweepRequest request, int length)
    {
        foreach (var position in request.Positions)
        {
            if (position < 0 || position >= length)
                throw new InterventionException(
                    $"There is no position {position}: the prompts have the positions 0 to {length - 1}."
                );
        }

        return request.Positions.Length > 0 ? request.Positions : [.. Enumerable.Range(0, length)];
    }
}
