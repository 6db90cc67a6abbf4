using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>
/// Sites at heads, which are slices of a tensor, act between sites at whole tensors in the order of the graph, and in
/// the order of the list where both are at one tensor.
/// </summary>
[TestFixture("gpt2", "optimum")]
[TestFixture("gpt2", "ort-fused")]
[TestFixture("llama", "optimum")]
[TestFixture("llama", "genai-fp32")]
public sealed class HeadNamingTests(string family, string export)
{
    private const double Tolerance = 1e-5;
    private const int Position = 3;
    private static readonly ModelInputs s_base = ModelInputs.FromTokens([1, 5, 9, 2, 7]);
    private static readonly ModelInputs s_source = ModelInputs.FromTokens([6, 2, 2, 11, 9]);
    private static readonly UnitLocation s_head = UnitLocation.AtHeads([2], Position);

    private readonly string _path = Path.Combine(
        RepositoryPaths.OwnReferences,
        "families",
        family,
        export,
        "model.onnx"
    );

    [Test]
    public void A_head_shows_what_was_added_to_a_raw_tensor_below_it_whichever_is_listed_first() =>
        RequireSeen(new ComponentAddress(0, Tensor(0, ComponentNames.BlockOutput)), Head, 1e-2);

    [Test]
    public void A_raw_tensor_above_shows_what_was_added_to_a_head_whichever_is_listed_first() =>
        RequireSeen(Head, new ComponentAddress(0, Tensor(1, ComponentNames.BlockOutput)), 1e-4);

    private void RequireSeen(ComponentAddress added, ComponentAddress read, double least)
    {
        var (addition, collect) = (At(added, InterventionType.Addition), At(read, InterventionType.Collect));

        var plain = Run(collect).Collected[0];
        var after = Run(addition, collect).Collected[0];
        var before = Run(collect, addition).Collected[0];

        Assert.That(Difference.Largest(after.Floats, plain.Floats), Is.GreaterThan(least));
        Assert.That(Difference.Largest(before.Floats, after.Floats), Is.LessThan(Tolerance));
    }

    [Test]
    public void Sites_at_a_head_and_at_the_whole_of_its_tensor_act_in_the_order_of_the_list()
    {
        var whole = new ComponentAddress(1, ComponentNames.QueryOutput);

        var zeroed = Run(
            At(Head, InterventionType.Addition),
            At(whole, InterventionType.Zero),
            At(Head, InterventionType.Collect)
        );
        var added = Run(
            At(whole, InterventionType.Zero),
            At(Head, InterventionType.Addition),
            At(Head, InterventionType.Collect)
        );
        var source = Run(s_source, At(Head, InterventionType.Collect)).Collected[0];

        Assert.That(zeroed.Collected[0].Floats.ToArray(), Is.All.EqualTo(0));
        Assert.That(Difference.Largest(added.Collected[0].Floats, source.Floats), Is.LessThan(Tolerance));
        Assert.That(Difference.Largest(source.Floats, new float[source.Length]), Is.GreaterThan(1e-2));
    }

    private static ComponentAddress Head => new(1, ComponentNames.HeadPrefix + ComponentNames.QueryOutput);

    private string Tensor(int layer, string component) =>
        ComponentMap.Find(OnnxFile.Load(_path)).Get(layer, component).Source switch
        {
            TensorSource tensor => tensor.Value.Name,
            ResidualSumSource sum => sum.Node.Outputs[3]!.Name,
            var other => throw new NotSupportedException($"{other}"),
        };

    private static RepresentationConfig At(ComponentAddress address, InterventionType type) =>
        new()
        {
            Layer = address.Layer,
            Component = address.Name,
            Unit = address == Head ? "h.pos" : "pos",
            InterventionType = type,
        };

    private RunResult Run(params ImmutableArray<RepresentationConfig> sites) => Run(s_base, sites);

    private RunResult Run(ModelInputs inputs, params ImmutableArray<RepresentationConfig> sites)
    {
        using var model = IntervenableModel.Load(
            _path,
            new IntervenableConfig { Representations = sites },
            new ExecutionOptions { Threads = 1 }
        );
        ImmutableArray<UnitLocation?> units =
        [
            .. sites.Select(site => site.Unit == "h.pos" ? s_head : UnitLocation.At(Position)),
        ];
        return model.Run(inputs, [s_source], new UnitLocations(units, units));
    }
}
