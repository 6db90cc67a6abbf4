using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training.Parametrizations;

/// <summary>
/// A matrix with orthonormal columns, trained through torch's parametrization of it. Owns the sessions that compute it.
/// </summary>
internal abstract class OrthogonalArray : TrainedArray
{
    private readonly Dictionary<(int Variant, bool IsGradient), ArraySession> _sessions = [];
    private readonly ExecutionOptions _options;

    private protected OrthogonalArray(OrthogonalParametrization start, ExecutionOptions options)
        : base(start.Original)
    {
        Base = start.Base;
        _options = options;
        (Rows, Columns) = (start.Original.Shape[0], start.Original.Shape[1]);
    }

    /// <summary>Where training began, <c>[width, width]</c>.</summary>
    public NumericArray Base { get; private set; }

    /// <inheritdoc/>
    public override OrthogonalParametrization? Parametrization => new(Free, Base);

    private protected int Rows { get; }

    private protected int Columns { get; }

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, NumericArray>> State =>
        [new(ParametrizationGraph.Base, Base), .. OwnFeeds()];

    /// <summary>The array of a parametrization.</summary>
    public static OrthogonalArray Of(OrthogonalParametrization start, OrthogonalMap map, ExecutionOptions options) =>
        start.Original.Shape[0] > start.Original.Shape[1] ? new HouseholderArray(start, options)
        : map == OrthogonalMap.Cayley ? new CayleyArray(start, options)
        : new ExponentialArray(start, options);

    /// <inheritdoc/>
    public override void Restore(Func<string, NumericArray> state) => Base = state(ParametrizationGraph.Base);

    /// <inheritdoc/>
    public override NumericArray Gradient(NumericArray gradient, CancellationToken cancellation) =>
        Session(isGradient: true).Run([.. Feeds(), ParametrizationGraph.GradientFeed(gradient)], cancellation)[0];

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var session in _sessions.Values)
            session.Dispose();
        base.Dispose();
    }

    private protected override NumericArray Compute() => Session(isGradient: false).Run(Feeds())[0];

    /// <summary>Which graph the free numbers need.</summary>
    private protected virtual int Variant => 0;

    /// <summary>Writes Q from X.</summary>
    private protected abstract Value Write(OpBuilder ops, Value original);

    /// <summary>What the graph is fed besides X and the base.</summary>
    private protected virtual IEnumerable<KeyValuePair<string, NumericArray>> OwnFeeds() => [];

    private protected ArraySession Open(Model model) => new(model, _options);

    private List<KeyValuePair<string, NumericArray>> Feeds() =>
        [new(ParametrizationGraph.Original, Free), new(ParametrizationGraph.Base, Base), .. OwnFeeds()];

    private ArraySession Session(bool isGradient)
    {
        if (!_sessions.TryGetValue((Variant, isGradient), out var session))
        {
            var model = isGradient
                ? ParametrizationGraph.OfGradient(Rows, Columns, Write)
                : ParametrizationGraph.OfWeight(Rows, Columns, Write);
            _sessions.Add((Variant, isGradient), session = Open(model));
        }

        return session;
    }
}
