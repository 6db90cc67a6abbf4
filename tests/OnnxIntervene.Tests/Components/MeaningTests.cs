using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>
/// A component is the same tensor with names and without, and wherever an exporter counts the norm and the addition.
/// </summary>
public sealed class MeaningTests
{
    private static readonly string s_folder = Path.Combine(
        RepositoryPaths.OwnReferences,
        "cases",
        "addition-inside-norm-outside"
    );

    private static readonly string s_path = Path.Combine(s_folder, "model.onnx");

    [Test]
    public void Attention_reads_the_norm_where_its_module_adds_the_residual()
    {
        var given = SafetensorsFile.Open(Path.Combine(s_folder, "inputs.safetensors"));
        var inputs = new ModelInputs(given.Names.ToImmutableDictionary(name => name, given.Read));
        var expected = SafetensorsFile.Open(Path.Combine(s_folder, "expected.safetensors"));
        foreach (var name in expected.Names)
        {
            var at = name.LastIndexOf('.');
            var config = new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = int.Parse(name[(at + 1)..], System.Globalization.CultureInfo.InvariantCulture),
                        Component = name[..at],
                        InterventionType = InterventionType.Collect,
                    },
                ],
            };
            using var model = IntervenableModel.Load(s_path, config, new ExecutionOptions { Threads = 1 });
            var found = model.Run(inputs).Collected[0];
            Assert.That(Difference.Largest(found.Floats, expected.Read(name).Floats), Is.LessThan(1e-5), name);
        }
    }

    [Test]
    public void Where_names_put_the_norm_and_the_addition_decides_nothing(
        [Values] bool isNormInside,
        [Values] bool isAdditionInside
    )
    {
        var model = OnnxFile.Load(s_path).Copy();
        foreach (var node in model.Graph.Nodes)
            node.Name = Moved(node, isNormInside, isAdditionInside);
        var anonymous = AnonymousModel.Of(model);
        var named = ComponentMap.Find(model).Components;
        var nameless = ComponentMap.Find(anonymous.Model).Components.ToDictionary(component => component.Address);

        Assert.That(named, Has.Length.GreaterThan(30));
        foreach (var component in named)
        {
            var other = nameless[component.Address];
            Assert.That(other.Meaning, Is.EqualTo(component.Meaning));
            Assert.That(Value(other.Source), Is.SameAs(anonymous[Value(component.Source)]), $"{component}");
        }
    }

    private static string Moved(Node node, bool isNormInside, bool isAdditionInside)
    {
        var name = node.Name;
        if (isNormInside)
            name = name.Replace("/input_layernorm/", "/self_attention/input_layernorm/", StringComparison.Ordinal);
        var isResidual = node.Operator.OperatorType == "Add" && node.Inputs.All(input => input!.Initializer is null);
        return !isAdditionInside && isResidual ? name.Replace("/self_attention/", "/", StringComparison.Ordinal) : name;
    }

    private static Value Value(ComponentSource source) =>
        source switch
        {
            TensorSource tensor => tensor.Value,
            InputSource input => input.Value,
            _ => throw new ArgumentOutOfRangeException(nameof(source)),
        };

    [TestCase("bert", "optimum", ComponentMeaning.WithResidual)]
    [TestCase("esm", "optimum", ComponentMeaning.WithResidual)]
    [TestCase("gpt2", "optimum", ComponentMeaning.Added)]
    [TestCase("gpt_neox", "optimum", ComponentMeaning.Added)]
    [TestCase("gemma2", "optimum", ComponentMeaning.Projected)]
    [TestCase("olmo2", "optimum", ComponentMeaning.Projected)]
    public void The_meaning_of_outputs_is_told(string family, string export, ComponentMeaning meaning)
    {
        var path = Path.Combine(RepositoryPaths.References, "families", family, export, "model.onnx");
        var map = ComponentMap.Find(OnnxFile.Load(path));

        Assert.That(map.Get(0, ComponentNames.AttentionOutput).Meaning, Is.EqualTo(meaning));
        Assert.That(map.Get(1, ComponentNames.MlpOutput).Meaning, Is.EqualTo(meaning));
    }
}
