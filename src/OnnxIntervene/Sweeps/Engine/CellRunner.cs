using System.Collections.Immutable;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>Receives the logits at the last token of a cell's run.</summary>
internal delegate void CellMeasure(int cell, ReadOnlySpan<float> logits);

/// <summary>A way to run the cells of a sweep.</summary>
internal abstract class CellRunner : IDisposable
{
    /// <summary>How it runs them, in words.</summary>
    public abstract string Description { get; }

    /// <summary>Runs the bases.</summary>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    public abstract BaseRuns RunBases(CancellationToken cancellation);

    /// <summary>
    /// What makes this way wrong for the model and shows only when it runs; null for nothing. The bases have run.
    /// </summary>
    public virtual string? FindObstacle(CancellationToken cancellation) => null;

    /// <summary>What running these cells takes.</summary>
    public abstract SweepCost CostOf(IReadOnlyList<SweepCell> cells);

    /// <summary>Runs cells that write something, and hands their logits on in any order.</summary>
    /// <param name="cells">The cells, with their numbers.</param>
    /// <param name="tokens">The tokens whose logits are wanted; empty for all. Others may be NaN.</param>
    /// <param name="measure">Receives each cell's logits.</param>
    /// <param name="cancellation">Ends the sweep early.</param>
    public abstract void Run(
        IReadOnlyList<(int Number, SweepCell Cell)> cells,
        ImmutableArray<int> tokens,
        CellMeasure measure,
        CancellationToken cancellation
    );

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the sessions back.</summary>
    protected abstract void Dispose(bool isDisposing);
}

/// <summary>What a sweep's runs take.</summary>
/// <param name="Runs">How often a session runs.</param>
/// <param name="Rows">Rows of all runs together.</param>
/// <param name="Share">The multiplications by weights, in parts of one full run for each cell.</param>
/// <param name="Memory">Bytes of the largest run's rows and of what is kept of the bases.</param>
internal readonly record struct SweepCost(int Runs, int Rows, double Share, long Memory);
