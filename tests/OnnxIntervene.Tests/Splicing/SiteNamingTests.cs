using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>
/// Sites act in the order in which the graph computes their tensors: it does not matter whether a tensor is named as a
/// component or by its own name.
/// </summary>
public sealed class SiteNamingTests
{
    private const double Tolerance = 1e-5;

    // Sessions are opened by the hundred, and few are needed twice.
    private static readonly ExecutionOptions s_options = new() { Threads = 1, SessionMemoryLimit = 64 << 20 };

    private static readonly ModelInputs s_base = ModelInputs.FromTokens([
        [1, 5, 9, 2, 7],
    ]);
    private static readonly ModelInputs s_source = ModelInputs.FromTokens([
        [6, 2, 2, 11, 9],
    ]);

    private static readonly (InterventionType First, InterventionType Second)[] s_kinds =
    [
        (InterventionType.Addition, InterventionType.Collect),
        (InterventionType.Collect, InterventionType.Addition),
        (InterventionType.Lambda, InterventionType.Addition),
    ];

    private readonly Dictionary<(string Family, string Export), LoadedModel> _models = [];

    [OneTimeTearDown]
    public void Unload()
    {
        foreach (var model in _models.Values)
            model.Dispose();
    }

    [TestCase("gpt2", "optimum")]
    [TestCase("gpt2", "ort-fused")]
    [TestCase("llama", "genai-fp32")]
    [TestCase("bert", "ort-fused")]
    public void Two_sites_at_one_tensor_act_alike_by_either_name(string family, string export)
    {
        using var assertions = Assert.EnterMultipleScope();
        foreach (var (component, tensor) in Named(family, export, 1))
        {
            foreach (var kinds in s_kinds)
                Check(family, export, kinds, [component, component], [tensor, tensor]);
        }
    }

    [TestCase("gpt2", "optimum")]
    [TestCase("gpt2", "ort-fused")]
    [TestCase("llama", "genai-fp32")]
    public void Sites_in_different_layers_act_alike_by_either_name(string family, string export)
    {
        using var assertions = Assert.EnterMultipleScope();
        var (early, earlyTensor) = Named(family, export, 0).Last();
        foreach (var (component, tensor) in Named(family, export, 1).TakeLast(2))
        {
            foreach (var kinds in s_kinds)
            {
                Check(family, export, kinds, [component, early], [tensor, earlyTensor]);
                Check(family, export, kinds, [early, component], [earlyTensor, tensor]);
            }
        }
    }

    [Test]
    public void An_addition_is_seen_by_what_collects_behind_it_under_the_tensors_own_name()
    {
        var (component, tensor) = Named("gpt2", "optimum", 1).Last();

        var plain = Run("gpt2", "optimum", At(tensor, InterventionType.Collect));
        var changed = Run(
            "gpt2",
            "optimum",
            At(component, InterventionType.Addition),
            At(tensor, InterventionType.Collect)
        );

        Assert.That(Difference.Largest(changed.Collected[0].Floats, plain.Collected[0].Floats), Is.GreaterThan(0.1));
    }

    [Test]
    public void The_sum_inside_a_norm_is_changed_for_the_norm_under_its_own_name_too()
    {
        var (component, tensor) = Named("llama", "genai-fp32", 0).Last();

        var byComponent = Run("llama", "genai-fp32", At(component, InterventionType.Addition));
        var byTensor = Run("llama", "genai-fp32", At(tensor, InterventionType.Addition));

        Assert.That(tensor.Name, Is.Not.EqualTo(component.Name));
        AssertSame(byTensor, byComponent, "");
    }

    [Test]
    public void A_modules_input_is_changed_where_its_operator_is_opened_as_well()
    {
        var input = new ComponentAddress(1, ComponentNames.AttentionInput);

        var alone = Run("bert", "ort-fused", At(input, InterventionType.Addition));
        var opened = Run(
            "bert",
            "ort-fused",
            At(input, InterventionType.Addition),
            new RepresentationConfig
            {
                Layer = 1,
                Component = ComponentNames.AttentionWeight,
                Unit = "h",
                InterventionType = InterventionType.Collect,
            }
        );

        Assert.That(
            Difference.Largest(opened.Intervened.Logits.Floats, alone.Intervened.Logits.Floats),
            Is.LessThan(Tolerance)
        );
        Assert.That(
            Difference.Largest(opened.Intervened.Logits.Floats, opened.Original!.Logits.Floats),
            Is.GreaterThan(1e-2)
        );
    }

    private void Check(
        string family,
        string export,
        (InterventionType First, InterventionType Second) kinds,
        ComponentAddress[] components,
        ComponentAddress[] tensors
    )
    {
        var expected = Run(family, export, At(components[0], kinds.First), At(components[1], kinds.Second));
        foreach (var (first, second) in new[] { (tensors[0], components[1]), (components[0], tensors[1]) })
        {
            var actual = Run(family, export, At(first, kinds.First), At(second, kinds.Second));
            AssertSame(actual, expected, $"{kinds.First} at {first}, {kinds.Second} at {second}");
        }
    }

    private static void AssertSame(RunResult actual, RunResult expected, string what)
    {
        Assert.That(
            Difference.Largest(actual.Intervened.Logits.Floats, expected.Intervened.Logits.Floats),
            Is.LessThan(Tolerance),
            what
        );
        foreach (var (one, other) in actual.Collected.Zip(expected.Collected))
            Assert.That(Difference.Largest(one.Floats, other.Floats), Is.LessThan(Tolerance), what);
    }

    private RunResult Run(string family, string export, params ImmutableArray<RepresentationConfig> sites)
    {
        using var model = Loaded(family, export).With(new IntervenableConfig { Representations = sites });
        return model.Run(
            s_base,
            [s_source],
            UnitLocations.SourcesToBase(2),
            new Planning.RunSettings { OutputOriginalOutput = true }
        );
    }

    private static RepresentationConfig At(ComponentAddress address, InterventionType type) =>
        new()
        {
            Layer = address.Layer,
            Component = address.Name,
            Unit = "pos",
            InterventionType = type,
            Intervention = type == InterventionType.Lambda ? new LambdaIntervention(Doubled) : null,
        };

    private static NumericArray Doubled(LambdaValues values)
    {
        var doubled = new float[values.Base.Length];
        for (var index = 0; index < doubled.Length; index++)
            doubled[index] = 2 * values.Base.Floats[index];
        return NumericArray.Of(doubled, [.. values.Base.Shape]);
    }

    // Components that are a whole tensor, and the tensor's own name. One that is what a layer gives and what the next
    // one
    // reads is meant as what the layer gives.
    private List<(ComponentAddress Component, ComponentAddress Tensor)> Named(
        string family,
        string export,
        int layer
    ) =>
        [
            .. Loaded(family, export)
                .Components.Components.Where(component => component.Unit == "pos")
                .Select(component => (component.Address, Tensor: TensorOf(component.Source)))
                .Where(entry => entry.Tensor is not null)
                .DistinctBy(entry => entry.Tensor)
                .Where(entry => entry.Address.Layer == layer)
                .Select(entry => (entry.Address, new ComponentAddress(0, entry.Tensor!))),
        ];

    private static string? TensorOf(ComponentSource source) =>
        source switch
        {
            TensorSource tensor => tensor.Value.Name,
            ResidualSumSource sum => sum.Node.OutputOrNull(FusedOperators.SumOutput)?.Name,
            _ => null,
        };

    private LoadedModel Loaded(string family, string export)
    {
        if (!_models.TryGetValue((family, export), out var model))
            _models.Add((family, export), model = ReferenceExports.Load($"{family}/{export}/model.onnx", s_options));
        return model;
    }
}
