using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>What is outside the layers of a model that is cut: the embeddings before, and the logits after.</summary>
internal sealed class OuterSegments : IDisposable
{
    private readonly SessionLease _embedding;
    private readonly SessionLease _head;
    private readonly SessionLease? _chosen;
    private readonly int _layerCount;
    private readonly string _logits;

    /// <param name="setting">The sweep.</param>
    public OuterSegments(SweepSetting setting)
    {
        var model = setting.Model;
        var output = model.Model.Graph.Outputs[0];
        (_layerCount, _logits) = (model.Components.LayerCount, output.Name);
        var head = new SessionRecipe([]) { Start = StreamPoints.AddressOf(_layerCount), Outputs = [_logits] };
        _embedding = model.Lease(new SessionRecipe([]) { End = StreamPoints.AddressOf(0), Outputs = [] });
        try
        {
            _head = model.Lease(head);
            if (!setting.Tokens.IsEmpty && ChosenTokens.FindObstacle(output) is null)
                _chosen = model.Lease(head with { ChoosesTokens = true });
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether logits can be computed for the sweep's tokens alone.</summary>
    public bool ChoosesTokens => _chosen is not null;

    /// <summary>How many weights all logits of a position take.</summary>
    public long HeadWeights => WeightsOf(_head);

    /// <summary>How many weights the logits take that cells are measured by.</summary>
    public double MeasuredWeights(int tokens, int vocabulary) =>
        ChoosesTokens ? HeadWeights * (double)tokens / vocabulary : HeadWeights;

    /// <summary>How many weights a session multiplies a position of a row by.</summary>
    public static long WeightsOf(SessionLease lease) =>
        lease
            .Session.Spliced.Model.Graph.Initializers.Where(weight => weight.Type?.Shape?.Rank >= 2)
            .Where(weight => !weight.Uses.All(IsLookedUp))
            .Sum(weight => weight.Type!.Shape!.Dimensions.Aggregate(1L, (product, size) => product * (size.Size ?? 1)));

    /// <summary>The stream before the first layer.</summary>
    public NumericArray Embed(SegmentRun run, CancellationToken cancellation)
    {
        var session = _embedding.Session;
        var name = session.Spliced.Boundaries[StreamPoints.AddressOf(0)];
        return session.Run(run.Inputs(session, null), [], [name], cancellation)[0];
    }

    /// <summary>The logits of a stream.</summary>
    public NumericArray Logits(SegmentRun run, CancellationToken cancellation) =>
        _head.Session.Run(run.Inputs(_head.Session, StreamPoints.AddressOf(_layerCount)), [], [_logits], cancellation)[
            0
        ];

    /// <summary>The logits of some tokens, <c>[row, 1, token]</c>.</summary>
    public NumericArray Logits(SegmentRun run, ImmutableArray<int> tokens, CancellationToken cancellation)
    {
        var session = _chosen!.Session;
        var chosen = NumericArray.Of(tokens.Select(token => (long)token).ToArray(), tokens.Length);
        return session.Run(
            run.Inputs(session, StreamPoints.AddressOf(_layerCount)),
            [],
            [_logits],
            null,
            new Dictionary<string, NumericArray> { [session.Spliced.AddedInputs[0]] = chosen },
            cancellation
        )[0];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _embedding?.Dispose();
        _head?.Dispose();
        _chosen?.Dispose();
    }

    // Tokens, positions and masks: nothing is multiplied by their tables.
    private static bool IsLookedUp(Use use) =>
        use is { InputIndex: 0, Node.Operator.Name: "Gather" or "GatherBlockQuantized" or "Slice" };
}
