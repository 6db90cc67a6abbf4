using System.Collections.Immutable;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>What a run's arguments say about each intervention.</summary>
/// <param name="run">The run.</param>
/// <param name="fresh">
/// The interventions that the model made where the configuration gives none; others are not looked at.
/// </param>
internal sealed class ReferenceArguments(DrawnRun run, ImmutableArray<Intervention> fresh)
{
    /// <summary>How many sources there are to give.</summary>
    public int GroupCount => Keys.Count;

    private List<int> Keys =>
        [.. run.Config.Representations.Select((item, index) => item.GroupKey ?? index).Distinct().Order()];

    /// <summary>Whether the kind takes the units of an example as one row.</summary>
    public static bool Folds(InterventionType type) =>
        type.Name
            is nameof(InterventionType.RotatedSpace)
                or nameof(InterventionType.LowRankRotatedSpace)
                or nameof(InterventionType.BoundlessRotatedSpace)
                or nameof(InterventionType.SigmoidMaskRotatedSpace)
                or nameof(InterventionType.PCARotatedSpace)
                or nameof(InterventionType.Autoencoder);

    /// <summary>Which source is an intervention's.</summary>
    public int GroupOf(int index) => Keys.IndexOf(run.Config.Representations[index].GroupKey ?? index);

    /// <summary>The intervention: its own, that of what it is linked with, or the fresh one.</summary>
    public Intervention InterventionOf(int index)
    {
        var representation = run.Config.Representations[index];
        return representation.Intervention
            ?? run.Config.Representations.FirstOrDefault(other =>
                other.InterventionLinkKey is { } key
                && key == representation.InterventionLinkKey
                && other.Intervention is not null
            )?.Intervention
            ?? fresh[index];
    }

    /// <summary>The inputs whose run is the source; null where none is.</summary>
    public ModelInputs? SourceOf(int index)
    {
        if (run.Sources is not { } sources || Given(index) is not null || !MayReadRun(index))
            return null;
        return sources.Length == 1 ? sources[0] : sources[GroupOf(index)];
    }

    /// <summary>Whether the intervention needs a source and has none.</summary>
    public bool IsSkipped(int index) =>
        InterventionOf(index).Type is var type
        && (
            type == InterventionType.Collect
            || (MayReadRun(index) && type != InterventionType.Lambda && Given(index) is null && SourceOf(index) is null)
        );

    /// <summary>The constant source; null for none.</summary>
    public NumericArray? ConstantOf(int index, UnitRows[] units, int width) =>
        Given(index)
        ?? InterventionOf(index) switch
        {
            MeanIntervention mean => mean.Parameters["mean"],
            ConstantSourceIntervention constant => constant.Parameters["source_representation"],
            NoiseIntervention noise when noise.Parameters.TryGetValue("noise", out var numbers) => numbers,
            NoiseIntervention => Drawn(units, width),
            _ => null,
        };

    /// <summary>The component that the module reads; null where the kind does not read it.</summary>
    public string? ModuleInput(int index) =>
        InterventionOf(index) switch
        {
            LoRAIntervention { InputComponent: { } named } => named,
            LoRAIntervention or SkipIntervention => run.Config.Representations[index].Component switch
            {
                "block_output" => "block_input",
                "mlp_output" => "mlp_input",
                "attention_output" or "query_output" or "key_output" or "value_output" => "attention_input",
                var name => name,
            },
            _ => null,
        };

    public double CoefficientOf(int index, int example)
    {
        var all = run.Settings.Coefficients;
        return all.IsEmpty ? 1 : all[all.Length == 1 ? 0 : index].At(example);
    }

    /// <summary>The dimensions that are meant, in the order in which they were asked for; null for all.</summary>
    public ImmutableArray<int>? ChosenOf(int index, int example)
    {
        var representation = run.Config.Representations[index];
        if (run.Settings.Subspaces.RowsOf(index) is { } rows)
        {
            var row = rows[rows.Length == 1 ? 0 : example];
            return representation.SubspacePartition.IsEmpty
                ? row
                : [.. row.SelectMany(part => Part(representation.SubspacePartition[part]))];
        }

        var type = InterventionOf(index).Type;
        if (
            type.Name
            is nameof(InterventionType.BoundlessRotatedSpace)
                or nameof(InterventionType.SigmoidMask)
                or nameof(InterventionType.SigmoidMaskRotatedSpace)
                or nameof(InterventionType.LoRA)
        )
            return null;
        return representation.InterchangeDimensions
            ?? (representation.InterchangeCount is { } count ? [.. Enumerable.Range(0, count)] : null);
    }

    private NumericArray? Given(int index) =>
        (run.Settings.SourceRepresentations.IsEmpty ? null : run.Settings.SourceRepresentations[index])
        ?? run.Config.Representations[index].SourceRepresentation;

    private bool MayReadRun(int index) =>
        InterventionOf(index) switch
        {
            CustomIntervention custom => custom.TakesSource,
            var other => other
                is not (
                    ZeroIntervention
                    or CollectIntervention
                    or LoRAIntervention
                    or LoReFTIntervention
                    or ProjectOutIntervention
                    or MeanIntervention
                    or NoiseIntervention
                    or ConstantSourceIntervention
                    or ClampIntervention
                ),
        };

    // numpy.random.RandomState(1).randn over an example's units; heads lie side by side at each position, as pyvene
    // folds them. Where
    // examples differ in their units, those with fewer take the first.
    private static NumericArray Drawn(UnitRows[] units, int width)
    {
        var drawn = new NumpyRandom(1).StandardNormal(units.Max(rows => rows.Count) * width);
        if (units.Select(rows => (rows.Heads.Length, rows.Positions.Length)).Distinct().Count() > 1)
        {
            float[] each =
            [
                .. units.SelectMany(rows => drawn.Take(rows.Count * width)).Select(number => (float)number),
            ];
            return NumericArray.Of(each, each.Length / width, width);
        }

        var (heads, positions) = (units[0].Heads.Length, units[0].Positions.Length);
        var ordered = Enumerable
            .Range(0, drawn.Length)
            .Select(index =>
            {
                var (unit, dimension) = Math.DivRem(index, width);
                var (head, position) = Math.DivRem(unit, positions);
                return (float)drawn[(((position * heads) + head) * width) + dimension];
            })
            .ToArray();
        return heads == 1
            ? NumericArray.Of(ordered, 1, positions, width)
            : NumericArray.Of(ordered, 1, heads, positions, width);
    }

    private static IEnumerable<int> Part(ImmutableArray<int> part) =>
        part is [var start, var end] ? Enumerable.Range(start, end - start) : part;
}
