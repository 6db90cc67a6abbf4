using System.Collections.Immutable;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;

namespace OnnxIntervene.Splicing;

/// <summary>Writes a spliced model as a file that plain ONNX Runtime runs.</summary>
public static class SplicedModelFile
{
    private const int OldestIrVersion = 4;

    /// <summary>
    /// Writes the file. Each input that splicing added has a default with which the model is as it was: no units;
    /// parameters have the given contents. The metadata <c>intervene.sites</c> says what each input and output is.
    /// </summary>
    /// <param name="spliced">The model.</param>
    /// <param name="interventions">The intervention of each site, for its parameters.</param>
    /// <param name="path">The file.</param>
    /// <param name="copiesWeights">
    /// Whether weights are copied; otherwise the original's files are hard-linked beside the new file.
    /// </param>
    /// <param name="cancellation">Ends the writing; no partial file is left.</param>
    /// <exception cref="IOException">
    /// The file cannot be written, or weights cannot be referred to from there.
    /// </exception>
    /// <exception cref="OperationCanceledException">The writing was cancelled; no partial file is left.</exception>
    public static void Write(
        SplicedModel spliced,
        IReadOnlyList<Intervention> interventions,
        string path,
        bool copiesWeights = false,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(spliced);
        ArgumentNullException.ThrowIfNull(interventions);
        var model = spliced.Model.Copy();
        var inputs = model.Graph.Inputs.ToDictionary(input => input.Name);
        foreach (var (site, intervention) in spliced.Sites.Zip(interventions))
            SetDefaults(model.Graph, inputs, site, intervention);
        model.IrVersion = Math.Max(model.IrVersion, OldestIrVersion);
        model.Metadata = [.. model.Metadata, Description(spliced)];
        cancellation.ThrowIfCancellationRequested();
        if (copiesWeights)
            OnnxFile.Save(model, path, cancellation);
        else
            OnnxFile.SaveReferencing(model, path);
    }

    /// <summary>What each input and output is that splicing added, as metadata of the file.</summary>
    internal static KeyValuePair<string, string> Description(SplicedModel spliced) =>
        new("intervene.sites", SiteDescriptions.Json(spliced.Sites));

    private static void SetDefaults(
        Graph graph,
        Dictionary<string, Value> inputs,
        SitePorts site,
        Intervention intervention
    )
    {
        var isWhole = site.Site.Selection == SiteSelection.Whole;
        foreach (var locations in new[] { site.ReadLocations, site.WriteLocations }.OfType<string>())
            graph.SetDefault(inputs[locations], TensorData.FromIntegers([0, site.LocationWidth], []));
        if (site.Source is { } source)
            graph.SetDefault(inputs[source], Floats(site.NeutralSourceShape));
        if (site.Coefficient is { } coefficient)
            graph.SetDefault(
                inputs[coefficient],
                isWhole ? Floats([1, 1, 1]) : Floats([0, .. Enumerable.Repeat(1L, site.UnitAxes)])
            );
        if (site.Mask is { } mask)
            graph.SetDefault(inputs[mask], TensorData.FromBytes(ElementType.Bool, [1, 1], new byte[] { 1 }));
        // Sites may share a parameter's input.
        foreach (var parameter in site.Parameters.Where(parameter => !inputs[parameter.Input].IsConstant))
            graph.SetDefault(
                inputs[parameter.Input],
                TensorData.FromFloats(
                    [.. parameter.Shape.Select(size => (long)size)],
                    intervention.Parameters[parameter.Name].Floats
                )
            );
    }

    private static TensorData Floats(ImmutableArray<long> shape) =>
        TensorData.FromFloats(
            shape.AsSpan(),
            new float[SizeProduct.ToMake(sizeof(float), "An input's default", shape.AsSpan())]
        );
}
