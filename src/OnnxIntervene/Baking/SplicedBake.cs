using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Baking;

/// <summary>
/// Writes interventions into a model's graph with their numbers, so that the file runs anywhere with the model's own
/// inputs.
/// </summary>
internal static class SplicedBake
{
    /// <summary>Splices the interventions of a model at every position.</summary>
    /// <exception cref="InterventionException">A component cannot be reached.</exception>
    public static BakedModel Of(IntervenableModel model, ImmutableArray<ConstantSite> sites, BakedNumbers numbers)
    {
        var spliced = Splicer.Splice(
            model.Model,
            model.Components,
            [.. sites.Select(site => Structure(model, site, numbers))]
        );
        var graph = spliced.Model.Graph;
        var inputs = graph.Inputs.ToDictionary(input => input.Name);
        var adapter = ImmutableSortedDictionary.CreateBuilder<string, TensorData>(StringComparer.Ordinal);
        var added = new HashSet<Value>();
        foreach (
            var (name, given, neutral) in spliced.Sites.Zip(sites).SelectMany(pair => Numbers(pair.First, pair.Second))
        )
        {
            // Sites may share a parameter's input. Which dimensions are changed stays in the file: adapters hold no
            // booleans.
            if (!added.Add(inputs[name]))
                continue;
            if (given.ElementType != ElementType.Bool)
                adapter[name] = given;
            graph.SetDefault(inputs[name], numbers == BakedNumbers.Adapter ? neutral : given);
        }

        if (numbers == BakedNumbers.Constant)
            MakeConstant(graph, added);
        else
            spliced.Model.Metadata = [.. spliced.Model.Metadata, SplicedModelFile.Description(spliced)];
        return new BakedModel(spliced.Model, [.. sites.Select(site => $"{site.Text}: spliced")])
        {
            Adapter = numbers == BakedNumbers.Adapter ? adapter.ToImmutable() : adapter.ToImmutable().Clear(),
        };
    }

    private static SpliceSite Structure(IntervenableModel model, ConstantSite site, BakedNumbers numbers) =>
        SiteStructure.Of(
            site.Representation,
            site.Intervention,
            model.Components,
            isWhole: false,
            hasSubspaces: !site.Mask.IsDefault
        ) with
        {
            Selection = SiteSelection.Always,
            Heads = site.Heads,
            HasSwitch = numbers == BakedNumbers.Adapter && !site.Intervention.Type.HasCoefficient,
            IsSourceScaled = numbers == BakedNumbers.Constant,
        };

    // Each added input with what intervenes, and what leaves the model as it was as far as this input can.
    private static IEnumerable<(string Name, TensorData Given, TensorData Neutral)> Numbers(
        SitePorts ports,
        ConstantSite site
    )
    {
        if (ports.Source is { } source)
            yield return Always(source, Data(ports.Site.IsSourceScaled ? Scaled(site) : site.Source!));
        if (ports.Coefficient is { } coefficient)
        {
            long[] shape = [.. site.Source!.Shape.Select(_ => 1L)];
            yield return (
                coefficient,
                TensorData.FromFloats(shape, [site.Coefficient]),
                TensorData.FromFloats(shape, [0])
            );
        }

        if (ports.Mask is { } mask)
            yield return Always(mask, Marks([.. site.Mask], 1, site.Mask.Length));
        if (ports.Switch is { } active)
            yield return (active, TensorData.FromFloats([1], [1]), TensorData.FromFloats([1], [0]));
        foreach (var parameter in ports.Parameters)
            yield return Always(
                parameter.Input,
                Data(site.Intervention.Parameters[parameter.Name].Reshape(parameter.Shape.AsSpan()))
            );
    }

    private static (string Name, TensorData Given, TensorData Neutral) Always(string name, TensorData data) =>
        (name, data, data);

    // As the graph would multiply, number by number.
    private static NumericArray Scaled(ConstantSite site) =>
        NumericArray.Of(
            Array.ConvertAll(site.Source!.Floats.ToArray(), number => number * site.Coefficient),
            site.Source.Shape.AsSpan()
        );

    private static TensorData Data(NumericArray array) =>
        TensorData.FromFloats([.. array.Shape.Select(size => (long)size)], array.Floats);

    private static TensorData Marks(bool[] marks, params ReadOnlySpan<long> shape) =>
        TensorData.FromBytes(ElementType.Bool, shape, Array.ConvertAll(marks, mark => (byte)(mark ? 1 : 0)));

    private static void MakeConstant(Graph graph, IReadOnlySet<Value> inputs)
    {
        graph.RemoveInputs(inputs);
        foreach (var input in inputs)
            input.Type = new TensorType(
                input.Initializer!.ElementType,
                Shape.Of(input.Initializer.Dimensions.AsSpan())
            );
    }
}
