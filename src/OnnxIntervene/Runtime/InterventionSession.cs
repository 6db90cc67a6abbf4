using System.Collections.Immutable;
using System.Numerics;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Owns one ONNX Runtime session of a spliced model, which serves any locations, sources and coefficients. Safe for
/// concurrent runs.
/// </summary>
public sealed class InterventionSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly InputFiller _filler;
    private readonly HashSet<string> _ownInputs;

    private InterventionSession(SplicedModel spliced, InferenceSession session)
    {
        Spliced = spliced;
        _session = session;
        _filler = new InputFiller(session.InputMetadata, spliced.Components);
        _ownInputs = spliced.Sites.SelectMany(site => site.Inputs).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The model that runs.</summary>
    public SplicedModel Spliced { get; }

    /// <summary>The name of the first output.</summary>
    public string FirstOutput => Spliced.Model.Graph.Outputs[0].Name;

    /// <summary>Opens a session. The spliced model's weight files must stay where they are.</summary>
    /// <exception cref="InterventionException">
    /// The execution provider is not there, or ONNX Runtime refuses the model.
    /// </exception>
    public static InterventionSession Open(SplicedModel spliced, ExecutionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(spliced);
        return new InterventionSession(spliced, SessionFactory.Open(spliced.Model, options ?? new ExecutionOptions()));
    }

    /// <summary>Runs the model and copies the wanted outputs out. Sites without a feed do nothing.</summary>
    /// <param name="inputs">What the model is run on.</param>
    /// <param name="feeds">What each site is fed, in the order of <see cref="SplicedModel.Sites"/>.</param>
    /// <param name="outputs">The outputs that are wanted, by name.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">The inputs do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public ImmutableArray<NumericArray> Run(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        IReadOnlyList<string> outputs,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(feeds);
        ArgumentNullException.ThrowIfNull(outputs);
        cancellation.ThrowIfCancellationRequested();
        foreach (var mask in Spliced.CountedMasks)
            RefuseGaps(mask, inputs);
        var values = _filler.Fill(inputs, _ownInputs);
        try
        {
            for (var index = 0; index < Spliced.Sites.Length; index++)
                SiteBinding.Add(values, Spliced.Sites[index], feeds[index]);
            return Run(values, outputs, cancellation);
        }
        finally
        {
            foreach (var value in values.Values)
                value.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private ImmutableArray<NumericArray> Run(
        Dictionary<string, OrtValue> values,
        IReadOnlyList<string> outputs,
        CancellationToken cancellation
    )
    {
        using var options = new RunOptions();
        using var registration = cancellation.Register(() => options.Terminate = true);
        try
        {
            using var results = _session.Run(options, values.Keys, values.Values, outputs);
            return [.. results.Select((result, index) => OrtArrays.Copy(result, outputs[index]))];
        }
        catch (OnnxRuntimeException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new InterventionException($"ONNX Runtime stopped the run: {fault.Message}", fault);
        }
    }

    // What counts each row's tokens from its start shifts every token behind padding, without an error.
    private static void RefuseGaps(CountedMask counted, ModelInputs inputs)
    {
        if (!inputs.Arrays.TryGetValue(counted.Input, out var mask) || mask.Shape.Length != 2)
            return;
        for (var row = 0; row < mask.Shape[0]; row++)
        {
            var (start, length) = (row * mask.Shape[1], mask.Shape[1]);
            if (mask.IsInteger ? HasGap(mask.Integers.Slice(start, length)) : HasGap(mask.Floats.Slice(start, length)))
            {
                throw new InterventionException(
                    $"Example {row} is padded on the left, or has a gap in its '{counted.Input}', and the model's "
                        + $"{counted.Operator} cannot take that: "
                        + "it counts tokens from the start and would give wrong numbers. Pad on the right."
                );
            }
        }
    }

    // A mark behind a place without one.
    private static bool HasGap<T>(ReadOnlySpan<T> marks)
        where T : struct, INumber<T> =>
        marks.IndexOf(T.Zero) is >= 0 and var gap && marks[gap..].ContainsAnyExcept(T.Zero);
}
