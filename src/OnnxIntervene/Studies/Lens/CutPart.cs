using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Lens;

/// <summary>
/// A part of a model that begins at a component, as a session of its own. Positions do not see each other in it, so
/// that each is a row. Owns the lease of the session.
/// </summary>
internal sealed class CutPart : IDisposable
{
    private const long MostNumbers = 1 << 24;
    private const int MostPlaces = 256;

    private readonly SessionLease _lease;
    private readonly ImmutableArray<string> _outputs;
    private readonly Component _start;
    private readonly string _input;
    private readonly int? _examples;
    private readonly int? _positions;

    private CutPart(SessionLease lease, Component start, ImmutableArray<string> outputs)
    {
        (_lease, _start, _outputs) = (lease, start, outputs);
        _input = lease.Session.Spliced.Boundaries[start.Address];
        (_examples, _positions) = (Stated(0), Stated(1));
    }

    /// <summary>Whether rows change each other's numbers, so that each has to be run alone.</summary>
    public bool MixesRows => RowMixing.FindNode(_lease.Session.Spliced.Model) is not null;

    /// <summary>The width of the component that it begins with.</summary>
    public int Width => _start.FullWidth;

    /// <summary>
    /// How far its numbers may be from those that the model computes there, in shares of the largest: 1e-4, and in
    /// fewer bits four units of rounding, as sums of products are taken in another order where there are more rows.
    /// </summary>
    public double Tolerance =>
        InputType?.ElementType switch
        {
            ElementType.Float16 => 4 * Math.Pow(2, -11),
            ElementType.BFloat16 => 4 * Math.Pow(2, -8),
            _ => 1e-4,
        };

    /// <summary>Opens the part.</summary>
    /// <param name="model">The model.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="end">A component that it outputs; null for none.</param>
    /// <param name="outputs">The model's outputs that it outputs.</param>
    /// <exception cref="InterventionException">The model cannot be cut there.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the part.</exception>
    public static CutPart Open(
        LoadedModel model,
        ComponentAddress start,
        ComponentAddress? end,
        ImmutableArray<string> outputs
    )
    {
        var component = model.Components.Get(start);
        if (component.Source is BranchSource or OneBranchSource or BodySource or StepsSource or RecurrentSource)
            throw new InterventionException(
                $"{component} is '{component.Source.Description}', which is no single tensor of the main graph, so the "
                    + "model cannot be cut there. Use an export without an If or a loop around its layers."
            );
        var lease = model.Lease(
            new SessionRecipe([])
            {
                Start = component.Address,
                End = end,
                Outputs = outputs,
            }
        );
        try
        {
            var names = end is { } last ? outputs.Add(lease.Session.Spliced.Boundaries[last]) : outputs;
            return new CutPart(lease, component, names);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Runs one example at all of its positions, <c>[position, width]</c>, as the model does.</summary>
    /// <returns>The outputs, the component last, each <c>[position, width]</c>.</returns>
    /// <exception cref="ExecutionException">ONNX Runtime stopped the run.</exception>
    public ImmutableArray<NumericArray> RunExample(NumericArray positions, CancellationToken cancellation) =>
        Run(positions.FloatMemory, 1, positions.Shape[0], cancellation);

    /// <summary>Runs places of any examples, <c>[place, width]</c>, as many at once as are right and fit.</summary>
    /// <param name="places">The places.</param>
    /// <param name="width">How many numbers an output has at a place.</param>
    /// <param name="read">Gets the number of a place and its outputs.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="ExecutionException">ONNX Runtime stopped the run.</exception>
    public void RunEach(NumericArray places, int width, PlaceRead read, CancellationToken cancellation)
    {
        var most = MixesRows ? 1 : (int)Math.Clamp(MostNumbers / Math.Max(1, width), 1, MostPlaces);
        for (var first = 0; first < places.Shape[0]; first += most)
        {
            var count = Math.Min(most, places.Shape[0] - first);
            var results = RunPlaces(places.FloatMemory.Slice(first * Width, count * Width), count, cancellation);
            for (var place = 0; place < count; place++)
                read(first + place, [.. results.Select(result => result.Row(place).FloatMemory)]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lease.Dispose();

    // Each place is an example of one position; a file that states how many there are gets as many.
    private ImmutableArray<NumericArray> RunPlaces(
        ReadOnlyMemory<float> places,
        int count,
        CancellationToken cancellation
    )
    {
        var positions = _positions ?? 1;
        var examples = _examples ?? (count + positions - 1) / positions;
        var perRun = examples * positions;
        var results = new List<ImmutableArray<NumericArray>>();
        for (var first = 0; first < count; first += perRun)
        {
            var rows = places.Slice(first * Width, Math.Min(perRun, count - first) * Width);
            results.Add(Run(Filled(rows, perRun * Width), examples, positions, cancellation));
        }

        return [.. _outputs.Select((_, output) => NumericArray.Joined([.. results.Select(run => run[output])]))];
    }

    private static ReadOnlyMemory<float> Filled(ReadOnlyMemory<float> rows, int count)
    {
        if (rows.Length == count)
            return rows;
        var filled = new float[count];
        rows.CopyTo(filled);
        return filled;
    }

    private ImmutableArray<NumericArray> Run(
        ReadOnlyMemory<float> rows,
        int examples,
        int positions,
        CancellationToken cancellation
    )
    {
        var places = examples * positions;
        var results = _lease.Session.Run(Inputs(rows, examples, positions), [], _outputs, cancellation);
        return [.. results.Select(result => result.Reshape(places, result.Length / places))];
    }

    // What a part reads besides its beginning says how many rows there are; the tokens themselves cannot matter, or the
    // part would not compute what the model does.
    private ModelInputs Inputs(ReadOnlyMemory<float> rows, int examples, int positions)
    {
        var arrays = ImmutableDictionary<string, NumericArray>.Empty.Add(_input, Shaped(rows, examples, positions));
        return new ModelInputs(
            _lease.Session.Spliced.Inputs.Contains(ModelInputs.TokenInput)
                ? arrays.Add(
                    ModelInputs.TokenInput,
                    NumericArray.Of(new long[examples * positions], examples, positions)
                )
                : arrays
        );
    }

    private NumericArray Shaped(ReadOnlyMemory<float> rows, int examples, int positions) =>
        StartArrays.Of(_start.Source, NumericArray.Of(rows, examples, positions, Width));

    private TensorType? InputType =>
        _lease.Session.Spliced.Model.Graph.Inputs.FirstOrDefault(input => input.Name == _input)?.Type;

    private int? Stated(int axis) =>
        _start.Source is not FlatSource
        && InputType is { Shape: { } shape }
        && shape.Rank > axis
        && shape[axis].Size is { } size
            ? (int)size
            : null;
}

/// <summary>Gets one place's outputs.</summary>
internal delegate void PlaceRead(int place, ImmutableArray<ReadOnlyMemory<float>> outputs);
