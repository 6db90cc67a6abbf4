using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>An intervention that should change nothing changes nothing, bit for bit, in its own session.</summary>
public sealed class NeutralityTests
{
    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [1, 5, 9, 2, 7],
        [3, 3, 8, 11, 4],
    ]);

    public static IEnumerable<string> Models() =>
        ReferenceFamily
            .All(RepositoryPaths.OwnReferences)
            .SelectMany(family => family.Exports)
            .Select(export => export.ModelPath)
            .Where(path => ComponentMap.Find(OnnxFile.Load(path)).Family is not null)
            .Append(Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"));

    [TestCaseSource(nameof(Models))]
    public void No_rows_and_a_swap_with_itself_are_bit_identical(string path)
    {
        var model = OnnxFile.Load(path);
        var components = ComponentMap.Find(model).Components.Where(component => component.Address.Layer == 1).ToList();
        var sites = components
            .Select(component => new SpliceSite(component.Address, InterventionType.Vanilla))
            .ToList();
        using var session = InterventionSession.Open(
            Splicer.Splice(model, ComponentMap.Find(model), sites),
            new ExecutionOptions { Threads = 1 }
        );
        string[] outputs = [session.FirstOutput, .. session.Spliced.Sites.Select(site => site.Read!)];
        var reads = components.Select(component => new SiteFeed { ReadLocations = AllUnits(component) }).ToList();
        var neutral = session.Run(s_inputs, [.. sites.Select(_ => SiteFeed.Neutral)], [session.FirstOutput]);

        var read = session.Run(s_inputs, reads, outputs);
        var swaps = components.Select(
            (component, index) =>
                new SiteFeed
                {
                    WriteLocations = AllUnits(component),
                    Source = read[index + 1].FloatMemory,
                    SourceShape = read[index + 1].Shape.Select(size => (long)size).ToArray(),
                }
        );
        var swapped = session.Run(s_inputs, [.. swaps], [session.FirstOutput]);

        Assert.That(read[0].Floats.SequenceEqual(neutral[0].Floats), "reading changed the output");
        Assert.That(swapped[0].Floats.SequenceEqual(neutral[0].Floats), "a swap with itself changed the output");
        Assert.That(Difference.Largest(neutral[0].Floats, Plain(path)), Is.LessThanOrEqualTo(1e-5));
    }

    [TestCaseSource(nameof(Models))]
    public void A_coefficient_of_zero_is_bit_identical(string path)
    {
        var model = OnnxFile.Load(path);
        var components = ComponentMap
            .Find(model)
            .Components.Where(component =>
                component.Address.Layer == 1 && component.Layout == ComponentLayout.Positions
            )
            .ToList();
        var sites = components
            .Select(component => new SpliceSite(component.Address, InterventionType.Addition, SiteSelection.Whole))
            .ToList();
        using var session = InterventionSession.Open(
            Splicer.Splice(model, ComponentMap.Find(model), sites),
            new ExecutionOptions { Threads = 1 }
        );

        var off = session.Run(
            s_inputs,
            [.. components.Select(component => Everywhere(component, 0))],
            [session.FirstOutput]
        );
        var neutral = session.Run(s_inputs, [.. components.Select(_ => SiteFeed.Neutral)], [session.FirstOutput]);
        var on = session.Run(
            s_inputs,
            [.. components.Select(component => Everywhere(component, 1))],
            [session.FirstOutput]
        );

        Assert.That(off[0].Floats.SequenceEqual(neutral[0].Floats));
        Assert.That(Difference.Largest(on[0].Floats, neutral[0].Floats), Is.GreaterThan(1e-3));
        Assert.That(Difference.Largest(neutral[0].Floats, Plain(path)), Is.LessThanOrEqualTo(1e-5));
    }

    private static SiteFeed Everywhere(Component component, float coefficient) =>
        new()
        {
            Source = Enumerable.Range(0, component.Width).Select(index => (float)Math.Sin(index)).ToArray(),
            SourceShape = new long[] { 1, 1, component.Width },
            Coefficients = new[] { coefficient },
        };

    private static ReadOnlyMemory<long> AllUnits(Component component) =>
        ResolvedUnits
            .Resolve(
                new RepresentationConfig { Unit = component.Unit },
                component,
                null,
                new UnitExtent(s_inputs.BatchSize, s_inputs.Length)
            )
            .Locations;

    // The original file in a session of its own, through the same filling of inputs.
    private static float[] Plain(string path)
    {
        using var original = SessionFactory.Open(path, new ExecutionOptions { Threads = 1 });
        var filler = new InputFiller(original.InputMetadata, ComponentMap.Find(OnnxFile.Load(path)));
        using var binding = new RunBinding([]);
        filler.Fill(binding, s_inputs);
        var values = binding.Values;
        using var runOptions = new RunOptions();
        using var results = original.Run(runOptions, values, [original.OutputNames[0]]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
