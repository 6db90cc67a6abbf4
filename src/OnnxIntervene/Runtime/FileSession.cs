using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Owns a session of a file as any program runs it: opened by its path, with the model's own inputs, and an adapter or
/// none. Not for concurrent use.
/// </summary>
internal sealed class FileSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly InputFiller _filler;
    private readonly string _provider;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How ONNX Runtime runs it.</param>
    /// <param name="components">The components of the model that it was made from.</param>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open it.</exception>
    public FileSession(string path, ExecutionOptions options, ComponentMap components)
    {
        _session = SessionFactory.Open(path, options);
        _filler = new InputFiller(_session.InputMetadata, components);
        _provider = options.Provider;
    }

    /// <summary>The outputs by name.</summary>
    /// <param name="inputs">What it is run on.</param>
    /// <param name="adapter">An .onnx_adapter file that is active in the run; null for none.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public IReadOnlyDictionary<string, NumericArray> Run(
        ModelInputs inputs,
        string? adapter,
        CancellationToken cancellation
    )
    {
        cancellation.ThrowIfCancellationRequested();
        using var binding = new RunBinding([]);
        _filler.Fill(binding, inputs);
        using var options = new RunOptions();
        try
        {
            using var loaded = adapter is null ? null : OrtLoraAdapter.Create(adapter, null);
            if (loaded is not null)
                options.AddActiveLoraAdapter(loaded);
            return Run(binding, options);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new ExecutionException($"ONNX Runtime stopped the run: {fault.Message}", fault, _provider);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    // Bound runs pay no heed to adapters.
    private Dictionary<string, NumericArray> Run(RunBinding binding, RunOptions options)
    {
        string[] outputs =
        [
            .. _session
                .OutputMetadata.Where(output =>
                    output.Value.IsTensor && OrtArrays.CanCopy(output.Value.ElementDataType)
                )
                .Select(output => output.Key),
        ];
        using var results = _session.Run(options, [.. binding.Values.Keys], [.. binding.Values.Values], outputs);
        return outputs
            .Zip(results, (name, value) => (name, Array: OrtArrays.Copy(value, name)))
            .ToDictionary(output => output.name, output => output.Array, StringComparer.Ordinal);
    }
}
