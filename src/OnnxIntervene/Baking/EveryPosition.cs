using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Baking;

/// <summary>
/// Runs the original with the interventions that a file has at every position. Kinds that take the units of an example
/// together as one row act on each position by itself there, as they do when tokens come one by one.
/// </summary>
internal sealed class EveryPosition(IntervenableModel model, BakeRequest request)
{
    /// <summary>The outputs with the interventions, and without.</summary>
    public RunResult Run(ModelInputs inputs, CancellationToken cancellation)
    {
        var settings = request.Settings with { OutputOriginalOutput = true };
        if (!model.Interventions.Any(intervention => intervention.Type.FoldsUnits))
            return model.Run(inputs, null, request.UnitLocations, settings, cancellation);
        List<(int Index, UnitLocation? At)> parts =
        [
            .. Enumerable
                .Range(0, model.Config.Representations.Length)
                .SelectMany(index =>
                    model.Interventions[index].Type.FoldsUnits
                        ? Enumerable
                            .Range(0, inputs.Length)
                            .Select(position => (index, (UnitLocation?)UnitLocation.At(position)))
                        : [(index, request.UnitLocations?.BaseOf(index))]
                ),
        ];
        using var expanded = model.Loaded.With(
            model.Config with
            {
                Representations =
                [
                    .. parts.Select(part =>
                        model.Config.Representations[part.Index] with
                        {
                            Intervention = model.Interventions[part.Index],
                        }
                    ),
                ],
            }
        );
        var locations = new UnitLocations([null], [.. parts.Select(part => part.At)]);
        return expanded.Run(
            inputs,
            null,
            locations,
            Expanded(settings, [.. parts.Select(part => part.Index)]),
            cancellation
        );
    }

    private static RunSettings Expanded(RunSettings settings, int[] indices) =>
        settings with
        {
            Coefficients =
                settings.Coefficients.Length > 1
                    ? [.. indices.Select(index => settings.Coefficients[index])]
                    : settings.Coefficients,
            SourceRepresentations =
                settings.SourceRepresentations.Length > 0
                    ? [.. indices.Select(index => settings.SourceRepresentations[index])]
                    : settings.SourceRepresentations,
            Subspaces = new Subspaces([.. indices.Select(settings.Subspaces.RowsOf)]),
        };
}
