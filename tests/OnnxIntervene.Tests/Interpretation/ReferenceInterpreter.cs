using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>
/// Runs a configuration slowly: the model is cut at every component that changes, its values are computed in C#,
/// and the rest
/// of the model goes on from that.
/// </summary>
internal sealed class ReferenceInterpreter(CutModel model, DrawnRun run, ImmutableArray<Intervention> fresh)
{
    private readonly ReferenceArguments _arguments = new(run, fresh);
    private readonly Dictionary<int, double[][][]> _sources = [];
    private readonly SortedDictionary<int, NumericArray> _collected = [];

    private int Count => run.Config.Representations.Length;

    /// <summary>The output, and what each Collect reads.</summary>
    public (NumericArray Output, ImmutableArray<NumericArray> Collected) Run()
    {
        if (run.Config.Mode == InterventionMode.Serial)
            ReadChain();
        else
            ReadEach();
        var isSerial = run.Config.Mode == InterventionMode.Serial;
        var writes = Enumerable
            .Range(0, Count)
            .Where(index =>
                !isSerial
                || _arguments.SourceOf(index) is null
                || _arguments.GroupOf(index) == _arguments.GroupCount - 1
            );
        var output = Execute(run.Base, [], [.. writes], true);
        return (output, [.. _collected.Values]);
    }

    private void ReadEach()
    {
        for (var index = 0; index < Count; index++)
        {
            if (_arguments.SourceOf(index) is { } source)
                Execute(source, [index], [], false);
        }
    }

    private void ReadChain()
    {
        HashSet<int> before = [];
        for (var group = 0; group < _arguments.GroupCount; group++)
        {
            HashSet<int> own =
            [
                .. Enumerable
                    .Range(0, Count)
                    .Where(index => _arguments.GroupOf(index) == group && _arguments.SourceOf(index) is not null),
            ];
            if (own.Count > 0)
                Execute(_arguments.SourceOf(own.First())!, own, before, false);
            before = own;
        }
    }

    // In the order of a forward pass; at one tensor a layer's output comes before the next layer's input, else the
    // configuration's order holds.
    private IEnumerable<int> Order() =>
        Enumerable
            .Range(0, Count)
            .OrderBy(index => model.PlaceOf(TensorOf(index)))
            .ThenBy(index => run.Config.Representations[index].Layer);

    private NumericArray Execute(ModelInputs inputs, HashSet<int> reads, HashSet<int> writes, bool collects)
    {
        var cuts = new Dictionary<string, NumericArray>();
        foreach (var index in Order().Where(index => reads.Contains(index) || writes.Contains(index)))
        {
            var seen = model.Run(inputs, cuts);
            var current = Current(TensorOf(index));
            var moduleInput = _arguments.ModuleInput(index) is { } name
                ? Current(CutModel.TensorOf(model.Components.Get(Representation(index).Layer, name)).Name)
                : null;
            if (reads.Contains(index))
                _sources[index] = Take(
                    index,
                    _arguments.InterventionOf(index).Type == InterventionType.Skip ? moduleInput! : current,
                    run.Locations.SourceOf(index),
                    inputs
                );
            if (collects && _arguments.InterventionOf(index).Type == InterventionType.Collect)
                _collected[index] = Collected(index, current);
            else if (writes.Contains(index) && !_arguments.IsSkipped(index))
                cuts[TensorOf(index)] = Written(index, inputs, current, moduleInput);

            NumericArray Current(string tensor) => cuts.TryGetValue(tensor, out var changed) ? changed : seen[tensor];
        }

        return model.Run(inputs, cuts)[""];
    }

    private NumericArray Written(int index, ModelInputs inputs, NumericArray current, NumericArray? moduleInput)
    {
        var component = ComponentOf(index);
        var units = Units(index, run.Locations.BaseOf(index), inputs);
        var sources =
            _sources.GetValueOrDefault(index)
            ?? (
                _arguments.ConstantOf(index, units, component.Width) is { } constant
                && _arguments.InterventionOf(index).Type != InterventionType.Lambda
                    ? ConstantReading.Rows(constant, units, component.Heads > 0)
                    : null
            );
        var numbers = current.Floats.ToArray();
        var bases = units
            .Select((rows, example) => UnitReading.Take(current, rows, example, component.Width))
            .ToArray();
        var inner = moduleInput is null
            ? null
            : units
                .Select((rows, example) => UnitReading.Take(moduleInput, rows, example, moduleInput.Shape[2]))
                .ToArray();
        var made = _arguments.InterventionOf(index) is LambdaIntervention lambda
            ? Called(index, lambda, bases, sources, units)
            : bases
                .Select(
                    (rows, example) => Changed(index, units[example], rows, sources?[example], inner?[example], example)
                )
                .ToArray();
        for (var example = 0; example < units.Length; example++)
            UnitReading.Put(numbers, current, units[example], example, made[example]);
        return NumericArray.Of(numbers, [.. current.Shape]);
    }

    private double[][] Changed(
        int index,
        UnitRows units,
        double[][] bases,
        double[][]? sources,
        double[][]? inner,
        int example
    )
    {
        var intervention = _arguments.InterventionOf(index);
        var made = new double[bases.Length][];
        foreach (
            var together in ReferenceArguments.Folds(intervention.Type)
                ? units.Together(ComponentOf(index).Heads > 0)
                : Enumerable.Range(0, bases.Length).Select(unit => new[] { unit })
        )
        {
            var row = KindFormulas.Apply(
                intervention,
                new KindInputs(
                    Joined(bases, together),
                    sources is null ? null : Joined(sources, together),
                    inner is null ? null : Joined(inner, together),
                    _arguments.CoefficientOf(index, example),
                    _arguments.ChosenOf(index, example)?.ToHashSet()
                )
            );
            foreach (var (part, unit) in row.Chunk(ComponentOf(index).Width).Zip(together))
                made[unit] = part;
        }

        return made;
    }

    private static double[] Joined(double[][] rows, int[] together) => [.. together.SelectMany(unit => rows[unit])];

    private double[][][] Called(
        int index,
        LambdaIntervention lambda,
        double[][][] bases,
        double[][][]? sources,
        UnitRows[] units
    )
    {
        var source = sources is null
            ? _arguments.ConstantOf(index, units, ComponentOf(index).Width)
            : Array(sources, units, index);
        if (
            lambda.Function(new LambdaValues(Array(bases, units, index), source, run.Settings.Subspaces.RowsOf(index)))
            is not { } made
        )
            return bases;
        var width = ComponentOf(index).Width;
        return [.. Rows.Of(made).Chunk(width).Chunk(units[0].Count)];
    }

    private NumericArray Collected(int index, NumericArray current)
    {
        var units = Units(index, run.Locations.BaseOf(index), run.Base);
        var rows = Take(index, current, run.Locations.BaseOf(index), run.Base)
            .Select(
                (example, number) =>
                    example
                        .Select(row =>
                            _arguments.ChosenOf(index, number) is { } chosen
                                ? chosen.Select(dimension => row[dimension]).ToArray()
                                : row
                        )
                        .ToArray()
            );
        return Array([.. rows], units, index);
    }

    private NumericArray Array(double[][][] rows, UnitRows[] units, int index)
    {
        float[] numbers =
        [
            .. rows.SelectMany(example => example).SelectMany(row => row).Select(number => (float)number),
        ];
        var (heads, positions) = (units[0].Heads.Length, units[0].Positions.Length);
        var width = rows[0][0].Length;
        return ComponentOf(index).Heads > 0
            ? NumericArray.Of(numbers, units.Length, heads, positions, width)
            : NumericArray.Of(numbers, units.Length, positions, width);
    }

    private double[][][] Take(int index, NumericArray tensor, UnitLocation? location, ModelInputs inputs) =>
        [
            .. Units(index, location, inputs)
                .Select((rows, example) => UnitReading.Take(tensor, rows, example, ComponentOf(index).Width)),
        ];

    private UnitRows[] Units(int index, UnitLocation? location, ModelInputs inputs) =>
        UnitReading.Units(Representation(index), ComponentOf(index), location, inputs);

    private RepresentationConfig Representation(int index) => run.Config.Representations[index];

    private Component ComponentOf(int index) =>
        model.Components.Get(Representation(index).Layer, Representation(index).Component);

    private string TensorOf(int index) => CutModel.TensorOf(ComponentOf(index)).Name;
}
