using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Interpretation;

namespace OnnxIntervene.Tests.Interventions;

/// <summary>What a kind says of itself holds for its interventions: shapes, beginnings, training, files.</summary>
public sealed class KindFactsTests
{
    private const int Width = 6;
    private const int InputWidth = 5;
    private const int Rank = 2;

    private static readonly Dictionary<string, string> s_trained = new()
    {
        ["RotatedSpace"] = "rotate_layer.weight: Orthogonal",
        ["LowRankRotatedSpace"] = "rotate_layer.weight: Orthogonal",
        ["BoundlessRotatedSpace"] = "rotate_layer.weight: Orthogonal, intervention_boundaries: Plain",
        ["SigmoidMask"] = "mask: Plain",
        ["SigmoidMaskRotatedSpace"] = "rotate_layer.weight: Orthogonal, masks: Plain",
        ["LoRA"] = "lora_A.weight: Plain, lora_B.weight: Plain",
        ["LoReFT"] = "rotate_layer.weight: Orthogonal, learned_source.weight: Plain, learned_source.bias: Plain",
    };

    private static readonly IEnumerable<InterventionType> s_data = InterventionType.All.Where(type =>
        type.Create is not null
    );

    [TestCaseSource(nameof(s_data))]
    public void Parameters_have_the_names_and_shapes_that_the_kind_tells(InterventionType type)
    {
        var sample = Sample(type);

        Assert.That(sample.Type, Is.SameAs(type));
        Assert.That(sample.Parameters.Keys, Is.SubsetOf(type.Parameters.Select(parameter => parameter.Name)));
        Assert.That(InterventionParameters.AreComplete(type, sample.Parameters));
        Assert.That(type.HasParameters, Is.EqualTo(!sample.GraphParameters.IsEmpty));
        foreach (var (name, shape) in type.ShapesOf(sample.Sizes))
            Assert.That(sample.Parameters[name].Shape.ToArray(), Is.EqualTo(shape), name);
    }

    [TestCaseSource(nameof(s_data))]
    public void A_parameter_that_is_missing_is_named(InterventionType type)
    {
        var sample = Sample(type);
        foreach (var parameter in type.Parameters.Where(parameter => !parameter.IsOptional))
            Assert.That(
                () => InterventionParameters.Create(type, sample.Parameters.Remove(parameter.Name)),
                Throws.Exception.With.Message.Contains($"{type.ClassName} needs the parameter '{parameter.Name}'")
            );
    }

    [TestCaseSource(nameof(s_data))]
    public void A_fresh_intervention_is_of_the_kind_and_the_same_each_time(InterventionType type)
    {
        var start = new KindStart(Width, Rank) { Source = NumericArray.Of(new float[Width], Width) };
        if (type.Fresh(start) is not { } fresh)
        {
            Assert.That(type.Parameters, Is.Not.Empty, "it could begin as nothing");
            return;
        }

        Assert.That(fresh.Type, Is.SameAs(type));
        Assert.That(fresh.Sizes.Width, Is.EqualTo(type.HasParameters ? Width : 0));
        Assert.That(InterventionParameters.AreComplete(type, fresh.Parameters));
        AssertEqual(type.Fresh(start)!, fresh, 0);
    }

    [TestCaseSource(nameof(s_data))]
    public void What_is_made_of_an_interventions_parameters_equals_it(InterventionType type)
    {
        var sample = Sample(type);

        AssertEqual(InterventionParameters.Create(type, sample.Parameters), sample, 1e-6);
    }

    [Test, Combinatorial]
    public void What_a_folder_has_a_place_for_comes_back(
        [ValueSource(nameof(s_data))] InterventionType type,
        [Values] InterventionFileFormat format
    )
    {
        var sample = Sample(type);
        using var folder = new TemporaryFolder();
        var config = new IntervenableConfig { Representations = [new() { Intervention = sample }] };
        if (format == InterventionFileFormat.Torch && !sample.HasPlaceInPyvenesFiles)
        {
            Assert.That(Save, Throws.Exception.With.Message.Contains("save as safetensors"));
            return;
        }

        Save();
        var loaded = InterventionFolder.Load(folder.Path).Representations[0];

        Assert.That(loaded.InterventionType, Is.SameAs(type));
        AssertEqual(loaded.Intervention ?? FreshIntervention.Of(loaded, Width), sample, 1e-6);

        void Save() => InterventionFolder.Save(folder.Path, config, [sample], [Width], format);
    }

    [TestCaseSource(typeof(InterventionType), nameof(InterventionType.All))]
    public void What_training_changes_is_known(InterventionType type)
    {
        var trained = type
            .Parameters.Where(parameter => parameter.Training != ParameterTraining.None)
            .Select(parameter => $"{parameter.Name}: {parameter.Training}");

        Assert.That(string.Join(", ", trained), Is.EqualTo(s_trained.GetValueOrDefault(type.Name, "")));
        Assert.That(type.IsTrainable, Is.EqualTo(s_trained.ContainsKey(type.Name)));
    }

    [TestCaseSource(typeof(InterventionType), nameof(InterventionType.All))]
    public void What_a_kind_can_do_does_not_contradict_itself(InterventionType type)
    {
        Assert.That(type.Begin is null || type.Create is not null, "what begins can be kept in files");
        Assert.That(type.TakesSource || !(type.NeedsSource || type.IsSourceConstant || type.IsSourceModuleInput));
        Assert.That(type.HasCoefficient, Is.False.Or.EqualTo(type.NeedsSource), "it is the source that is scaled");
        Assert.That(type.HasParameters || !(type.FoldsUnits || type.IsTrainable || type.ComputesWithModuleInput));
        Assert.That(type.ReadsOnly && (type.TakesSource || type.HasParameters), Is.False);
    }

    private static Intervention Sample(InterventionType type)
    {
        // pyvene draws its noise by itself; the sample that it can keep has no numbers of its own.
        if (type == InterventionType.Noise)
            return new NoiseIntervention();
        var draws = new Draws(DrawnKinds.NumberOf(type));
        return new ParameterDraw(draws, Width, InputWidth).Of(type, () => draws.Normal(1, Width), takesSource: false);
    }

    private static void AssertEqual(Intervention actual, Intervention expected, double tolerance)
    {
        Assert.That(actual.Type, Is.SameAs(expected.Type));
        Assert.That(actual.Sizes, Is.EqualTo(expected.Sizes));
        Assert.That(actual.Parameters.Keys, Is.EquivalentTo(expected.Parameters.Keys));
        foreach (var (name, array) in expected.Parameters)
        {
            Assert.That(actual.Parameters[name].Shape.ToArray(), Is.EqualTo(array.Shape.ToArray()), name);
            Assert.That(
                actual.Parameters[name].Floats.ToArray(),
                Is.EqualTo(array.Floats.ToArray()).Within(tolerance),
                name
            );
        }
    }
}
