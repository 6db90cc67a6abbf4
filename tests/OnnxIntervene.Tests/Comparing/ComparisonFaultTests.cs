using OnnxIntervene.Comparing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Comparing;

/// <summary>What cannot be compared is refused before anything runs.</summary>
public sealed class ComparisonFaultTests
{
    private static readonly ModelInputs s_prompt = ModelInputs.FromTokens([1, 2, 3]);

    [Test]
    public void Models_of_different_layers_are_refused_with_both_numbers() =>
        Assert.That(
            Fault("llama/optimum", "mistral/optimum", new() { Prompts = [s_prompt] }),
            Does.StartWith("A has 4 layers, B has 3")
        );

    [Test]
    public void Models_of_different_vocabularies_are_refused_with_both_numbers()
    {
        using var folder = new TemporaryFolder();
        var smaller = folder.File("model.onnx");
        EditedModel.Write(PathOf("llama/optimum"), smaller, DropAToken);
        using var a = Load("llama/optimum");
        using var b = LoadedModel.Load(smaller);

        Assert.That(
            () => ModelComparison.Run(a, b, new() { Prompts = [s_prompt] }),
            Throws.InstanceOf<InterventionException>().With.Message.StartsWith("A's vocabulary has 101 tokens, B's 100")
        );
    }

    [Test]
    public void Models_without_a_component_in_common_are_refused() =>
        Assert.That(
            Fault("llama/optimum", "llama/dynamo", new() { Prompts = [s_prompt], Components = ["router_output"] }),
            Does.Contain("router_output")
        );

    [Test]
    public void A_prompt_beyond_the_context_is_refused() =>
        Assert.That(
            Fault("gpt2/optimum", "gpt2/dynamo", new() { Prompts = [ModelInputs.FromTokens(new int[2000])] }),
            Does.Contain("The prompt has 2000 tokens")
        );

    [Test]
    public void No_prompt_is_refused() =>
        Assert.That(Fault("gpt2/optimum", "gpt2/dynamo", new()), Does.Contain("give at least one prompt"));

    [Test]
    public void A_layer_that_is_not_there_is_refused() =>
        Assert.That(
            Fault("gpt2/optimum", "gpt2/dynamo", new() { Prompts = [s_prompt], Layers = [4] }),
            Does.Contain("There is no layer 4: the models have the layers 0 to 3")
        );

    [Test]
    public void A_cancelled_comparison_ends()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        using var a = Load("gpt2/optimum");
        using var b = Load("gpt2/dynamo");

        Assert.That(
            () => ModelComparison.Run(a, b, new() { Prompts = [s_prompt] }, null, source.Token),
            Throws.InstanceOf<OperationCanceledException>()
        );
    }

    private static string Fault(string first, string second, ModelComparisonRequest request)
    {
        using var a = Load(first);
        using var b = Load(second);
        return Assert.Throws<InterventionException>(() => ModelComparison.Run(a, b, request))!.Message;
    }

    private static void DropAToken(Model model)
    {
        var tokens = model.Graph.Inputs.Single(input => input.Name == "input_ids");
        var table = tokens.Uses.Select(use => use.Node).Single(node => node.Operator.Name == "Gather").Inputs[0]!;
        var (rows, width) = (table.Initializer!.Dimensions[0] - 1, table.Initializer.Dimensions[1]);
        var numbers = table.Initializer.ReadFloats().AsSpan(0, (int)(rows * width));
        table.Initializer = TensorData.FromFloats([rows, width], numbers);
    }

    private static LoadedModel Load(string export) => LoadedModel.Load(PathOf(export));

    private static string PathOf(string export) =>
        Path.Combine(RepositoryPaths.OwnReferences, "families", export, "model.onnx");
}
