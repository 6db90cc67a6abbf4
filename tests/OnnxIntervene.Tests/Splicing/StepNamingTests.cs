using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>
/// A step's state of a layer that the graph writes out is one tensor too: sites that name it act between those that
/// name
/// the layer.
/// </summary>
public sealed class StepNamingTests
{
    private const double Tolerance = 1e-5;
    private const int Step = 1;
    private const int Width = 12;

    [Test]
    public void A_steps_own_tensor_shows_what_was_written_into_the_layer_before()
    {
        var plain = Run([At(Layer, InterventionType.Collect)], [Unit(Step)]).Collected[0];
        var changed = Run(
            [At(Layer, InterventionType.Zero), At(Tensor(Step), InterventionType.Collect)],
            [Unit(Step), null]
        );
        var before = Run(
            [At(Tensor(Step), InterventionType.Collect), At(Layer, InterventionType.Zero)],
            [null, Unit(Step)]
        );

        Assert.That(changed.Collected[0].Floats.ToArray(), Is.All.EqualTo(0));
        Assert.That(Difference.Largest(before.Collected[0].Floats, plain.Floats), Is.LessThan(Tolerance));
    }

    [Test]
    public void A_layer_shows_what_was_written_into_a_steps_own_tensor_before()
    {
        var byLayer = Run(
            [At(Layer, InterventionType.Zero), At(Layer, InterventionType.Collect)],
            [Unit(Step), Unit(Step + 1)]
        );
        var byTensor = Run(
            [At(Tensor(Step), InterventionType.Zero), At(Layer, InterventionType.Collect)],
            [null, Unit(Step + 1)]
        );
        var own = Run(
            [At(Tensor(Step), InterventionType.Zero), At(Layer, InterventionType.Collect)],
            [null, Unit(Step)]
        );

        Assert.That(own.Collected[0].Floats.ToArray(), Is.All.EqualTo(0));
        Assert.That(
            Difference.Largest(byTensor.Collected[0].Floats, byLayer.Collected[0].Floats),
            Is.LessThan(Tolerance)
        );
        Assert.That(
            Difference.Largest(byTensor.Intervened.Logits.Floats, byLayer.Intervened.Logits.Floats),
            Is.LessThan(Tolerance)
        );
    }

    [Test]
    public void The_output_of_a_recurrent_operator_shows_what_was_written_into_its_state_whichever_is_listed_first()
    {
        var output = new ComponentAddress(0, "/gru/GRU_output_0");

        var plain = Run(OperatorPath, [At(output, InterventionType.Collect)], [null]).Collected[0];
        var after = Run(
            OperatorPath,
            [At(Layer, InterventionType.Zero), At(output, InterventionType.Collect)],
            [Unit(0), null]
        ).Collected[0];
        var before = Run(
            OperatorPath,
            [At(output, InterventionType.Collect), At(Layer, InterventionType.Zero)],
            [null, Unit(0)]
        ).Collected[0];

        // The operator's own output begins with the first step.
        Assert.That(plain.Floats[..Width].ToArray(), Is.Not.All.EqualTo(0));
        Assert.That(after.Floats[..Width].ToArray(), Is.All.EqualTo(0));
        Assert.That(Difference.Largest(before.Floats, after.Floats), Is.LessThan(Tolerance));
    }

    private static ComponentAddress Layer => new(0, ComponentNames.CellOutput);

    private static string ModelPath => PathOf("unrolled");

    private static string OperatorPath => PathOf("gru-op");

    private static string PathOf(string export) =>
        Path.Combine(RepositoryPaths.OwnReferences, "families", "gru", export, "model.onnx");

    private static ComponentAddress Tensor(int step) =>
        new(0, ((StepsSource)ComponentMap.Find(OnnxFile.Load(ModelPath)).Get(0, Layer.Name).Source).States[step].Name);

    private static UnitLocation Unit(int step) => UnitLocation.At(step);

    private static RepresentationConfig At(ComponentAddress address, InterventionType type) =>
        new()
        {
            Layer = address.Layer,
            Component = address.Name,
            Unit = address.Name == ComponentNames.CellOutput ? "t" : "pos",
            InterventionType = type,
        };

    private static RunResult Run(ImmutableArray<RepresentationConfig> sites, ImmutableArray<UnitLocation?> units) =>
        Run(ModelPath, sites, units);

    private static RunResult Run(
        string path,
        ImmutableArray<RepresentationConfig> sites,
        ImmutableArray<UnitLocation?> units
    )
    {
        using var model = IntervenableModel.Load(
            path,
            new IntervenableConfig { Representations = sites },
            new ExecutionOptions { Threads = 1 }
        );
        return model.Run(
            Inputs(model),
            unitLocations: new UnitLocations([.. units.Select(_ => (UnitLocation?)null)], units)
        );
    }

    private static ModelInputs Inputs(IntervenableModel model)
    {
        var input = model.Model.Graph.Inputs.Single(value => !value.IsConstant);
        int[] sizes = [.. input.Type!.Shape!.Dimensions.Select((size, axis) => axis == 0 ? 1 : (int)(size.Size ?? 5))];
        var count = sizes.Aggregate(1, (product, size) => product * size);
        return new ModelInputs(
            ImmutableDictionary<string, NumericArray>.Empty.Add(
                input.Name,
                NumericArray.Of(Enumerable.Range(0, count).Select(index => MathF.Sin(index)).ToArray(), sizes)
            )
        );
    }
}
