using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Owns a session of a graph of our own, from arrays to arrays. Safe for concurrent runs; must not be disposed during
/// one.
/// </summary>
internal sealed class ArraySession : IDisposable
{
    private readonly OrtSession _session;
    private readonly ImmutableArray<string> _outputs;

    /// <summary>Opens a session.</summary>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model.</exception>
    public ArraySession(Model model, ExecutionOptions options)
    {
        _session = SessionFactory.OpenShared(model, options, null);
        _outputs = [.. model.Graph.Outputs.Select(output => output.Name)];
    }

    /// <summary>Computes every output, in the graph's order.</summary>
    /// <param name="inputs">Arrays by the inputs' names.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public ImmutableArray<NumericArray> Run(
        IEnumerable<KeyValuePair<string, NumericArray>> inputs,
        CancellationToken cancellation = default
    )
    {
        using var binding = new RunBinding(_outputs);
        foreach (var (name, array) in inputs)
        {
            if (_session.Inputs.TryGetValue(name, out var metadata))
                binding.Own(name, OrtArrays.Create(array, metadata.ElementDataType, name));
        }

        return TensorValue.Taken(_session.Run(binding, cancellation));
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
