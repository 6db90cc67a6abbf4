using System.Globalization;
using OnnxIntervene.Checking;
using OnnxIntervene.Checking.Laws;
using OnnxIntervene.Components;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Tests.Checking;

/// <summary>Laws hold on every reference export, and catch components that are elsewhere.</summary>
public sealed class ComponentCheckTests
{
    private static readonly string[] s_mutated =
    [
        "gpt2/optimum",
        "gpt2/ort-fused",
        "gpt_neo/optimum",
        "gpt_neox/optimum",
        "opt/optimum",
        "llama/optimum",
        "llama/genai-fp32",
        "mistral/optimum",
        "mixtral/torchscript",
        "qwen2/optimum",
        "qwen3/optimum",
        "gemma2/optimum",
        "olmo2/optimum",
        "bert/optimum",
        "esm/optimum",
        "vit/optimum",
        "whisper-encoder/torchscript",
        "t5-decoder/optimum",
        "blip/torchscript",
    ];

    [TestCaseSource(typeof(ReferenceExports), nameof(ReferenceExports.All))]
    public void Every_law_holds_on_a_reference_export(string export)
    {
        using var model = ReferenceExports.Load(export);

        var report = model.Components.Check(model);

        Assert.That(report.Contradicted.Select(Shown), Is.Empty);
        Assert.That(report.Proved, Is.Not.Empty);
    }

    [Test]
    public void A_map_of_another_model_is_refused()
    {
        using var model = ReferenceExports.Load("gpt2/optimum");
        using var other = ReferenceExports.Load("llama/optimum");

        Assert.That(() => other.Components.Check(model), Throws.ArgumentException);
    }

    // ONNX_INTERVENE_MUTANTS sets how many mutants are tried.
    [Test]
    public void Nineteen_of_twenty_wrong_maps_are_caught()
    {
        var count = int.Parse(
            Environment.GetEnvironmentVariable("ONNX_INTERVENE_MUTANTS") ?? "40",
            CultureInfo.InvariantCulture
        );
        var missed = new List<string>();
        var tried = 0;
        for (var index = 0; index < s_mutated.Length; index++)
        {
            var share = (count * (index + 1) / s_mutated.Length) - (count * index / s_mutated.Length);
            using var model = ReferenceExports.Load(s_mutated[index]);
            var mutator = new MapMutator(model.Components, model.Model, seed: index);
            for (var draws = 0; share > 0 && draws < 1000; draws++)
            {
                if (mutator.Next() is not { } mutant)
                    continue;
                share--;
                tried++;
                if (!IsCaught(model, mutant.Map))
                    missed.Add($"{s_mutated[index]}: {mutant.Name}");
            }
        }

        TestContext.Out.WriteLine($"{tried - missed.Count} of {tried} wrong maps are caught. Missed:");
        foreach (var name in missed)
            TestContext.Out.WriteLine(name);
        Assert.That(tried, Is.GreaterThanOrEqualTo(count * 9 / 10));
        Assert.That(missed, Has.Count.LessThanOrEqualTo(tried / 20));
    }

    // A map that cannot even be spliced, or run, is caught as well.
    private static bool IsCaught(LoadedModel model, ComponentMap map)
    {
        using var wrong = model.With(map);
        try
        {
            return !map.Check(wrong).IsSound;
        }
        catch (Exception fault) when (fault is InterventionException or ExecutionException)
        {
            return true;
        }
    }

    private static string Shown(LawFinding finding) => $"layer {finding.Layer}: {finding.Law}, {finding.Explanation}";
}
