using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Checking.Runs;

/// <summary>
/// Runs a model with every component open: some are written, all are read. One session serves every run.
/// </summary>
internal sealed class Probe : IDisposable
{
    private readonly ImmutableArray<Component> _written;
    private readonly ImmutableArray<Component> _read;
    private readonly IntervenableModel _model;
    private readonly string? _output;
    private readonly CancellationToken _cancellation;

    public Probe(LoadedModel model, IReadOnlyList<Component> components, CancellationToken cancellation)
    {
        _written = [.. components.Where(component => component.Layout == ComponentLayout.Positions)];
        _read = [.. components];
        _cancellation = cancellation;
        _output =
            model.Model.Graph.Outputs is [{ Type: { } type } first, ..] && type.ElementType.IsFloat()
                ? first.Name
                : null;
        _model = model.With(
            new IntervenableConfig
            {
                Representations =
                [
                    .. _written.Select(component => At(component, InterventionType.Vanilla)),
                    .. _read.Select(component => At(component, InterventionType.Collect)),
                ],
            }
        );
    }

    /// <summary>How many runs were made.</summary>
    public int RunCount { get; private set; }

    /// <summary>Runs with these changes, and reads every component.</summary>
    public Snapshot Run(ModelInputs inputs, params ReadOnlySpan<Change> changes)
    {
        RunCount++;
        var count = _written.Length + _read.Length;
        var (sources, places) = (new NumericArray?[count], new UnitLocation?[count]);
        foreach (var change in changes)
        {
            var index = IndexOf(change.Address);
            sources[index] = change.Position is { } position ? Row(change.Values, position) : change.Values;
            places[index] = change.Position is { } at ? UnitLocation.At(at) : null;
        }

        using var result = _model.Run(
            inputs,
            [null],
            new UnitLocations([.. new UnitLocation?[count]], [.. places]),
            new RunSettings { SourceRepresentations = [.. sources], Outputs = _output is null ? [] : [_output] },
            _cancellation
        );
        return new Snapshot(
            _read
                .Select((component, index) => (component.Address, Value: result.Collected[index]))
                .ToDictionary(item => item.Address, item => item.Value),
            _output is null ? null : result.Intervened.Logits
        );
    }

    public void Dispose() => _model.Dispose();

    private int IndexOf(ComponentAddress address)
    {
        for (var index = 0; index < _written.Length; index++)
        {
            if (_written[index].Address == address)
                return index;
        }

        throw new System.Diagnostics.UnreachableException(address.ToString());
    }

    private static RepresentationConfig At(Component component, InterventionType type) =>
        new()
        {
            Layer = component.Address.Layer,
            Component = component.Address.FullName,
            InterventionType = type,
            Unit = component.Unit,
        };

    // [batch, 1, width] of one position.
    private static NumericArray Row(NumericArray whole, int position)
    {
        var (batch, positions, width) = (whole.Shape[0], whole.Shape[1], whole.Shape[2]);
        var row = new float[batch * width];
        for (var example = 0; example < batch; example++)
            whole.Floats.Slice(((example * positions) + position) * width, width).CopyTo(row.AsSpan(example * width));
        return NumericArray.Of(row, batch, 1, width);
    }
}
