using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Testing;

/// <summary>
/// Results of torch on one trained language model: prompts, sweeps, traces (see the references' README).
/// </summary>
public sealed class TorchResults
{
    private readonly SafetensorsFile _tensors;

    private TorchResults(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "cases.json")));
        _tensors = SafetensorsFile.Open(Path.Combine(folder, "tensors.safetensors"));
        Cases =
        [
            .. json.RootElement.GetProperty("cases").EnumerateArray().Select(item => new GoldenCase(item.Clone())),
        ];
    }

    public ImmutableArray<GoldenCase> Cases { get; }

    public static TorchResults Of(string folder) => new(folder);

    public NumericArray Tensor(string name) => _tensors.Read(name);

    /// <summary>Token ids as a batch of one.</summary>
    public ModelInputs Inputs(string name) =>
        ModelInputs.FromTokens([.. _tensors.Read(name).Integers.ToArray().Select(id => (int)id)]);
}
