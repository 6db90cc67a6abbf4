using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using static TorchSharp.torch;

namespace OnnxIntervene.Peers;

/// <summary>
/// GPT-2 in torch, as Hugging Face's transformers computes it, with the weights of an ONNX file. Owns its tensors.
/// </summary>
internal sealed class TorchGpt2 : IDisposable
{
    private const double Epsilon = 1e-5;
    private const string Stem = "transformer.";

    private readonly Dictionary<string, Tensor> _weights = [];
    private readonly Tensor _vocabulary;
    private readonly long _heads;

    public TorchGpt2(string path, int heads)
    {
        _heads = heads;
        var graph = OnnxFile.Load(path).Graph;
        foreach (var constant in graph.Initializers.Where(IsWeight))
            _weights.Add(constant.Name, TensorOf(constant.Initializer!));
        // Parameters that were equal when the model was exported have one constant.
        foreach (var node in graph.Nodes.Where(node => node.Operator.OperatorType == "Identity"))
        {
            if (_weights.TryGetValue(node.Inputs[0]!.Name, out var shared))
                _weights.Add(node.Output.Name, shared);
        }

        _vocabulary = _weights.Single(weight => weight.Key.StartsWith("onnx::MatMul", StringComparison.Ordinal)).Value;
        Layers = _weights.Keys.Count(name => name.EndsWith(".mlp.c_fc.weight", StringComparison.Ordinal));
    }

    public int Layers { get; }

    /// <summary>The residual stream after the embedding, <c>[batch, position, width]</c>.</summary>
    public Tensor Embed(Tensor tokens) =>
        Of("wte.weight")[TensorIndex.Tensor(tokens)] + Of("wpe.weight").narrow(0, 0, tokens.shape[1]);

    /// <summary>The residual stream after some layers.</summary>
    /// <param name="stream">The stream before them.</param>
    /// <param name="from">The first layer.</param>
    /// <param name="to">The layer after the last.</param>
    public Tensor Layer(Tensor stream, int from, int to)
    {
        for (var layer = from; layer < to; layer++)
        {
            stream = stream + Attention(Norm(stream, $"h.{layer}.ln_1"), $"h.{layer}.attn");
            stream = stream + FeedForward(Norm(stream, $"h.{layer}.ln_2"), $"h.{layer}.mlp");
        }

        return stream;
    }

    /// <summary>Logits of the stream after the last layer.</summary>
    public Tensor Logits(Tensor stream) => Norm(stream, "ln_f").matmul(_vocabulary);

    /// <summary>Logits of a run, with a hook on the output of one layer.</summary>
    public Tensor Run(Tensor tokens, int layer, Func<Tensor, Tensor> hook) =>
        Logits(Layer(hook(Layer(Embed(tokens), 0, layer + 1)), layer + 1, Layers));

    public void Dispose()
    {
        foreach (var weight in _weights.Values.Distinct(ReferenceEqualityComparer.Instance).Cast<Tensor>())
            weight.Dispose();
    }

    private Tensor Attention(Tensor x, string name)
    {
        var parts = Affine(x, $"{name}.c_attn").chunk(3, -1).Select(Split).ToArray();
        var mixed = nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_casual: true);
        return Affine(mixed.transpose(1, 2).reshape(x.shape), $"{name}.c_proj");
    }

    private Tensor Split(Tensor x) => x.view(x.shape[0], x.shape[1], _heads, -1).transpose(1, 2);

    private Tensor FeedForward(Tensor x, string name) => Affine(Gelu(Affine(x, $"{name}.c_fc")), $"{name}.c_proj");

    // NewGELUActivation of transformers.
    private static Tensor Gelu(Tensor x) =>
        0.5 * x * (1.0 + tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * pow(x, 3.0)))));

    private Tensor Affine(Tensor x, string name) => x.matmul(Of($"{name}.weight")) + Of($"{name}.bias");

    private Tensor Norm(Tensor x, string name) =>
        nn.functional.layer_norm(x, [x.shape[^1]], Of($"{name}.weight"), Of($"{name}.bias"), Epsilon);

    private Tensor Of(string name) => _weights[Stem + name];

    private static bool IsWeight(Value constant) =>
        constant.Initializer is { ElementType: ElementType.Float32, Dimensions.Length: > 0 };

    private static Tensor TensorOf(TensorData data) => tensor(data.ReadFloats(), [.. data.Dimensions]);
}
