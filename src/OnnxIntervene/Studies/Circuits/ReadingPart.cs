using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// A part of a model from the residual stream to some components, as a session: other components on the way may be
/// written. Owns the session's lease.
/// </summary>
internal sealed class ReadingPart : IDisposable
{
    private readonly SessionLease _lease;
    private readonly Component _start;
    private readonly ImmutableArray<Component> _written;
    private readonly ImmutableArray<Component> _read;
    private readonly string _input;

    private ReadingPart(
        SessionLease lease,
        Component start,
        ImmutableArray<Component> written,
        ImmutableArray<Component> read
    )
    {
        (_lease, _start, _written, _read) = (lease, start, written, read);
        _input = lease.Session.Spliced.Boundaries[start.Address];
    }

    /// <summary>Opens the part.</summary>
    /// <param name="model">The model.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="written">What runs write.</param>
    /// <param name="read">What runs read, after that.</param>
    /// <exception cref="IR.InterventionException">The model cannot be cut there.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the part.</exception>
    public static ReadingPart Open(
        LoadedModel model,
        ComponentAddress start,
        ImmutableArray<ComponentAddress> written,
        ImmutableArray<ComponentAddress> read
    )
    {
        var first = model.Components.Get(start);
        var lease = model.Lease(
            new SessionRecipe([
                .. written.Select(address => new SpliceSite(address, InterventionType.Vanilla)),
                .. read.Select(address => new SpliceSite(address, InterventionType.Collect)),
            ])
            {
                Start = first.Address,
                ReadsOnly = true,
            }
        );
        try
        {
            return new ReadingPart(
                lease,
                first,
                [.. written.Select(model.Components.Get)],
                [.. read.Select(model.Components.Get)]
            );
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Runs the part.</summary>
    /// <param name="prompt">What the model is run on, one row.</param>
    /// <param name="streams">What it begins with, <c>[row, position, width]</c>.</param>
    /// <param name="writes">What is written at every unit of each component, row by row.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <returns>What is read, <c>[row, position, width]</c>, heads side by side.</returns>
    public ImmutableArray<NumericArray> Run(
        ModelInputs prompt,
        NumericArray streams,
        ImmutableArray<ReadOnlyMemory<float>> writes,
        CancellationToken cancellation
    )
    {
        var (rows, length) = (streams.Shape[0], streams.Shape[1]);
        var inputs = rows == 1 ? prompt : prompt.Repeat(rows);
        var session = _lease.Session;
        var reads = session.Spliced.Sites.Skip(_written.Length).Select(site => site.Read!);
        var results = session.Run(
            new ModelInputs(inputs.Arrays.SetItem(_input, StartArrays.Of(_start.Source, streams))),
            [
                .. _written.Select((component, index) => Write(new UnitGrid(component, length), writes[index], rows)),
                .. _read.Select(component => new UnitGrid(component, length).ReadAll(rows)),
            ],
            [.. reads],
            cancellation
        );
        return [.. results.Select(result => result.Reshape(rows, length, result.Length / (rows * length)))];
    }

    /// <inheritdoc/>
    public void Dispose() => _lease.Dispose();

    private static SiteFeed Write(UnitGrid grid, ReadOnlyMemory<float> values, int rows) =>
        new()
        {
            WriteLocations = grid.ReadAll(rows).ReadLocations,
            Source = values,
            SourceShape = (long[])[rows * grid.Count, values.Length / (rows * grid.Count)],
        };
}
