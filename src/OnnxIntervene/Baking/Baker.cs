using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;

namespace OnnxIntervene.Baking;

/// <summary>
/// Makes interventions a part of a model for good: a plain .onnx file that runs wherever ONNX Runtime does, with the
/// model's own inputs.
/// </summary>
public static class Baker
{
    /// <summary>The adapter's file in a baked folder.</summary>
    public const string AdapterName = "intervention" + Formats.OnnxAdapter.Extension;

    /// <summary>
    /// The model's file in a baked folder: <c>model.onnx</c>, or the original's own name where onnxruntime-genai's
    /// configuration, which names it, goes along.
    /// </summary>
    /// <param name="folder">The baked folder.</param>
    /// <param name="model">The original.</param>
    public static string FileIn(string folder, IntervenableModel model)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(model);
        return BesideModel.FileIn(folder, model.File);
    }

    /// <summary>The model with its interventions inside, neither proved nor written.</summary>
    /// <exception cref="InterventionException">
    /// An intervention depends on a run, or cannot be folded exactly; the message names it and the reason.
    /// </exception>
    public static BakedModel Bake(IntervenableModel model, BakeRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(request);
        var sites = ConstantSites.Of(model, request.UnitLocations, request.Settings);
        return request.Folds ? FoldedBake.Of(model, sites, request) : SplicedBake.Of(model, sites, request.Numbers);
    }

    /// <summary>
    /// Bakes, proves the file on random and given inputs, and writes a folder that holds the file, the tokenizer and
    /// the configuration beside the original, and the adapter where one is asked for. The metadata
    /// <c>intervene.bake</c> of the file says what was baked, from what and how.
    /// </summary>
    /// <param name="model">The original with its interventions.</param>
    /// <param name="request">What is baked, and how.</param>
    /// <param name="folder">The folder, which must not be the original's.</param>
    /// <param name="cancellation">Ends the work; nothing is left.</param>
    /// <returns>What was baked, and how it compares with the original on each input.</returns>
    /// <exception cref="InterventionException">
    /// An intervention cannot be baked so, or the file computes something else; nothing is written.
    /// </exception>
    /// <exception cref="IOException">The folder cannot be written, or weights cannot be linked there.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled; nothing is left.</exception>
    public static (BakedModel Baked, ImmutableArray<BakeEvidence> Evidence) Write(
        IntervenableModel model,
        BakeRequest request,
        string folder,
        CancellationToken cancellation = default
    )
    {
        var baked = Bake(model, request);
        return (baked, new BakedFolder(model, request).Write(baked, folder, cancellation));
    }
}
