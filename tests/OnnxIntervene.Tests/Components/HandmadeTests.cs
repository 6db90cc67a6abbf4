using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Components;

/// <summary>
/// Families that no reference holds, written by hand: each component is the tensor that it was made to be, or is said
/// to be missing.
/// </summary>
public sealed class HandmadeTests
{
    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [1, 5, 9, 2, 7],
        [3, 3, 8, 11, 4],
    ]);

    private static readonly HandmadeStyle[] s_styles =
    [
        new("gpt-2 with separate projections") { Bias = true },
        new("phi")
        {
            Bias = true,
            Parallel = true,
            OneNorm = true,
            Rotary = 4,
        },
        new("gpt-j")
        {
            Parallel = true,
            OneNorm = true,
            Rotary = 4,
            ScaleQuery = true,
        },
        new("gpt-neox")
        {
            Bias = true,
            Parallel = true,
            Packing = HandmadePacking.InterleavedWide,
            Rotary = 2,
        },
        new("falcon 7b")
        {
            Parallel = true,
            OneNorm = true,
            Packing = HandmadePacking.HeadsInOneView,
            KeyHeads = 1,
            Rotary = 8,
        },
        new("falcon 40b")
        {
            Parallel = true,
            Packing = HandmadePacking.Grouped,
            KeyHeads = 2,
            Rotary = 8,
            Missing = ["query_output", "key_output", "value_output", "attention_weight"],
        },
        new("bloom")
        {
            Bias = true,
            Packing = HandmadePacking.Interleaved,
            Alibi = true,
        },
        new("bloom with folded heads")
        {
            Bias = true,
            Packing = HandmadePacking.Interleaved,
            Alibi = true,
            FoldedHeads = true,
        },
        new("mpt") { Packing = HandmadePacking.Split, Alibi = true },
        new("starcoder")
        {
            Bias = true,
            Packing = HandmadePacking.Split,
            KeyHeads = 1,
        },
        new("phi-3")
        {
            RootNorm = true,
            Packing = HandmadePacking.Split,
            KeyHeads = 2,
            Rotary = 8,
            Gated = true,
            PackedGate = true,
            Activation = "silu",
        },
        new("packed heads")
        {
            RootNorm = true,
            Packing = HandmadePacking.HeadsInOneView,
            KeyHeads = 2,
            Rotary = 8,
            Gated = true,
            Activation = "silu",
        },
        new("stablelm")
        {
            Bias = true,
            Rotary = 4,
            Gated = true,
            Activation = "silu",
        },
        new("gemma")
        {
            RootNorm = true,
            EmbeddingScale = true,
            Rotary = 8,
            KeyHeads = 1,
            Gated = true,
        },
        new("granite")
        {
            RootNorm = true,
            EmbeddingScale = true,
            ResidualScale = true,
            Rotary = 8,
            KeyHeads = 2,
            Gated = true,
            Activation = "silu",
        },
        new("cohere")
        {
            Parallel = true,
            OneNorm = true,
            Rotary = 8,
            KeyHeads = 2,
            Gated = true,
            Activation = "silu",
        },
        new("nemotron")
        {
            Rotary = 4,
            KeyHeads = 2,
            Activation = "relu_squared",
        },
        new("persimmon")
        {
            Bias = true,
            Packing = HandmadePacking.Interleaved,
            Rotary = 4,
            Activation = "relu_squared",
        },
        new("clip")
        {
            Bias = true,
            Activation = "quick_gelu",
            ScaleQuery = true,
        },
        new("timm") { Bias = true, Packing = HandmadePacking.ThreeFirst },
        new("bart with folded heads") { Bias = true, FoldedHeads = true },
        new("whisper decoder")
        {
            Bias = true,
            Cross = true,
            ScaleQuery = true,
        },
        new("two layers without an activation")
        {
            Bias = true,
            Activation = "none",
            Missing = ["mlp_activation"],
        },
        new("deepnorm")
        {
            Bias = true,
            PostNorm = true,
            EmbeddingScale = true,
            StreamScale = 1.7f,
        },
        new("a scaled stream") { Bias = true, StreamScale = 0.8f },
        new("a scaled stream, side by side")
        {
            Bias = true,
            Parallel = true,
            StreamScale = 0.8f,
        },
        new("the sub-layer first") { Bias = true, PartFirst = true },
        new("distilbert") { Bias = true, PostNorm = true },
        new("bert")
        {
            Bias = true,
            PostNorm = true,
            Segments = true,
        },
        new("deberta")
        {
            Bias = true,
            PostNorm = true,
            RelativeScores = true,
        },
    ];

    private static IEnumerable<HandmadeStyle> Quantized =>
        from form in Enum.GetValues<HandmadeQuantization>()
        where form != HandmadeQuantization.None
        from style in new HandmadeStyle[]
        {
            new("gpt-2") { Bias = true },
            new("llama")
            {
                RootNorm = true,
                Rotary = 8,
                KeyHeads = 2,
                Gated = true,
                Activation = "silu",
            },
            new("bloom") { Bias = true, Packing = HandmadePacking.Interleaved },
            new("bert") { Bias = true, PostNorm = true },
        }
        select style with
        {
            Name = $"{style.Name}, {form}",
            Quantization = form,
        };

    [TestCaseSource(nameof(s_styles))]
    [TestCaseSource(nameof(Quantized))]
    public void Every_component_is_the_tensor_that_it_was_made_to_be(object style)
    {
        var handmade = Handmade.Build((HandmadeStyle)style);
        using var folder = new TemporaryFolder();
        var path = folder.File("model.onnx");
        OnnxFile.Save(handmade.Model, path);
        var reading = ComponentReading.Of(path, s_inputs);
        var numbers = Numbers(path, [.. handmade.Parts.Select(part => part.Value.Name).Distinct()]);

        List<string> wrong = [];
        foreach (var (address, value) in handmade.Parts)
            wrong.AddRange(
                Judge(reading, address, numbers[value.Name], ((HandmadeStyle)style).Missing.Contains(address.Name))
            );

        Assert.That(wrong, Is.Empty, string.Join(Environment.NewLine, wrong));
    }

    private static IEnumerable<string> Judge(
        ComponentReading reading,
        ComponentAddress address,
        float[] expected,
        bool isMissing
    )
    {
        var isFound = reading.Components.TryGetValue(address, out var found);
        if (isFound && Difference.Largest(found.Numbers.Floats, expected) is var difference and not < 1e-5)
            yield return $"{address} is wrong: {found.Component.Source.Description} differs by {difference:G3}";
        else if (isFound && isMissing)
            yield return $"{address} is found; it was known to be missing";
        else if (!isFound && !isMissing)
            yield return $"{address} is not found";
        if (!isFound && !reading.Missing.Any(missing => missing.Address == address && missing.Reason.Length > 0))
            yield return $"{address} is not said to be missing";
    }

    private static Dictionary<string, float[]> Numbers(string path, List<string> tensors)
    {
        var config = new IntervenableConfig
        {
            Representations =
            [
                .. tensors.Select(tensor => new RepresentationConfig
                {
                    Component = tensor,
                    InterventionType = InterventionType.Collect,
                }),
            ],
        };
        using var model = IntervenableModel.Load(path, config, new ExecutionOptions { Threads = 1 });
        return tensors
            .Zip(model.Run(s_inputs).Collected)
            .ToDictionary(entry => entry.First, entry => entry.Second.Floats.ToArray());
    }
}
