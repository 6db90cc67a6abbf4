using System.Collections.Immutable;
using System.Numerics;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>
/// Owns one ONNX Runtime session of a spliced model, which serves any locations, sources and coefficients. Safe for
/// concurrent runs; must not be disposed during one.
/// </summary>
public sealed class InterventionSession : IDisposable
{
    private static int s_opened;

    private readonly OrtSession _session;
    private readonly InputFiller _filler;
    private readonly HashSet<string> _ownInputs;
    private readonly NeutralFeeds _neutral;

    private InterventionSession(SplicedModel spliced, OrtSession session)
    {
        Spliced = spliced;
        _session = session;
        _ownInputs = spliced.Sites.SelectMany(site => site.Inputs).ToHashSet(StringComparer.Ordinal);
        if (spliced.PositionsInput is { } positions)
            _ownInputs.Add(positions);
        _ownInputs.UnionWith(spliced.AddedInputs);
        _filler = new InputFiller(session.Inputs, spliced.Components, _ownInputs, spliced.Inputs)
        {
            Overridable = session.Overridable,
        };
        _neutral = new NeutralFeeds(spliced.Sites, session.Inputs);
    }

    /// <summary>The model that runs.</summary>
    public SplicedModel Spliced { get; }

    /// <summary>The name of the first output.</summary>
    public string FirstOutput => Spliced.Model.Graph.Outputs[0].Name;

    /// <summary>The model's own outputs that are tensors of numbers or booleans, in the file's order.</summary>
    public IReadOnlyList<string> Outputs =>
        field ??= [.. _session.NumericOutputs.Except(Spliced.Sites.Select(site => site.Read).OfType<string>())];

    /// <summary>The model's own outputs that are anything else, which runs pass over.</summary>
    internal IReadOnlyList<OtherOutput> OtherOutputs => _session.OtherOutputs;

    /// <summary>How many sessions this process has opened.</summary>
    internal static int OpenedCount => s_opened;

    /// <summary>Opens a session. The spliced model's weight files must stay where they are.</summary>
    /// <exception cref="InterventionException">This build has no such execution provider.</exception>
    /// <exception cref="ExecutionException">
    /// The provider does not load, or ONNX Runtime cannot open the model.
    /// </exception>
    public static InterventionSession Open(SplicedModel spliced, ExecutionOptions? options = null) =>
        Open(spliced, options ?? new ExecutionOptions(), null);

    /// <summary>Opens a session that shares its weights with others.</summary>
    internal static InterventionSession Open(SplicedModel spliced, ExecutionOptions options, SharedWeights? weights)
    {
        ArgumentNullException.ThrowIfNull(spliced);
        Interlocked.Increment(ref s_opened);
        return new InterventionSession(spliced, SessionFactory.OpenShared(spliced.Model, options, weights));
    }

    /// <summary>Runs the model and copies the wanted outputs out. Sites without a feed do nothing.</summary>
    /// <param name="inputs">What the model is run on.</param>
    /// <param name="feeds">What each site is fed, in the order of <see cref="SplicedModel.Sites"/>.</param>
    /// <param name="outputs">The outputs that are wanted, by name.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">The inputs do not fit the model.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped the run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public ImmutableArray<NumericArray> Run(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        IReadOnlyList<string> outputs,
        CancellationToken cancellation = default
    ) => Run(inputs, feeds, outputs, null, ImmutableDictionary<string, NumericArray>.Empty, cancellation);

    /// <summary>
    /// Runs the model, feeds <see cref="SplicedModel.AddedInputs"/>, and copies the wanted outputs out.
    /// </summary>
    internal ImmutableArray<NumericArray> Run(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        IReadOnlyList<string> outputs,
        NumericArray? positions,
        IReadOnlyDictionary<string, NumericArray> added,
        CancellationToken cancellation
    ) => TensorValue.Taken(RunValues(inputs, feeds, outputs, positions, added, cancellation));

    /// <summary>Runs the model; what comes out stays in ONNX Runtime until its numbers are asked for.</summary>
    /// <param name="inputs">What the model is run on.</param>
    /// <param name="feeds">What each site is fed, in the order of <see cref="SplicedModel.Sites"/>.</param>
    /// <param name="outputs">The outputs that are wanted, by name.</param>
    /// <param name="positions">What <see cref="SplicedModel.PositionsInput"/> is fed, where there is one.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="InterventionException">The inputs do not fit the model.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped the run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public IReadOnlyList<TensorValue> RunValues(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        IReadOnlyList<string> outputs,
        NumericArray? positions = null,
        CancellationToken cancellation = default
    ) => RunValues(inputs, feeds, outputs, positions, ImmutableDictionary<string, NumericArray>.Empty, cancellation);

    /// <summary>Runs the model, and feeds <see cref="SplicedModel.AddedInputs"/>.</summary>
    internal IReadOnlyList<TensorValue> RunValues(
        ModelInputs inputs,
        IReadOnlyList<SiteFeed> feeds,
        IReadOnlyList<string> outputs,
        NumericArray? positions,
        IReadOnlyDictionary<string, NumericArray> added,
        CancellationToken cancellation,
        KeptTensors? kept = null
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(feeds);
        ArgumentNullException.ThrowIfNull(outputs);
        foreach (var mask in Spliced.CountedMasks)
            RefuseGaps(mask, inputs);
        using var binding = new RunBinding(outputs);
        kept?.AddTo(binding);
        _filler.Fill(binding, inputs);
        if (Spliced.PositionsInput is { } chosen)
            binding.Own(chosen, OrtArrays.Over(positions!.IntegerMemory, [positions.Shape[0], positions.Shape[1]]));
        foreach (var (name, array) in added)
        {
            // A cut leaves out what it does not need.
            if (_session.Inputs.TryGetValue(name, out var metadata))
                binding.Own(name, OrtArrays.Create(array, metadata.ElementDataType, name));
        }

        for (var index = 0; index < Spliced.Sites.Length; index++)
        {
            if (ReferenceEquals(feeds[index], SiteFeed.Neutral))
                _neutral.Add(binding, index);
            else
                SiteBinding.Add(binding, Spliced.Sites[index], feeds[index], _session.Inputs);
        }

        return _session.Run(binding, cancellation);
    }

    /// <summary>
    /// The element type, heads and head width of a cache input; null where the file does not tell one of them.
    /// </summary>
    internal (ElementType Type, int? Heads, int? Width) CacheSizes(string name)
    {
        var (heads, width) = _filler.CacheSizes(name);
        return ((ElementType)_session.Inputs[name].ElementDataType, heads, width);
    }

    /// <summary>An empty set of tensors that stay in ONNX Runtime between runs of this session.</summary>
    internal KeptTensors KeepTensors() => new(_session.Places);

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _neutral.Dispose();
    }

    // An operator that counts each row's tokens from its start shifts every token after padding, without an error.
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
                        + "it counts tokens from the start and would compute wrong numbers. Pad on the right."
                );
            }
        }
    }

    // A one after a zero.
    private static bool HasGap<T>(ReadOnlySpan<T> marks)
        where T : struct, INumber<T> =>
        marks.IndexOf(T.Zero) is >= 0 and var gap && marks[gap..].ContainsAnyExcept(T.Zero);
}
