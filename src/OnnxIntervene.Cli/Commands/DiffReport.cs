using System.Collections.Immutable;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Comparing;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Makes a report of a comparison: components down, layers across.</summary>
internal sealed class DiffReport(string a, string b, ModelComparisonResult result)
{
    private const int MostRows = 12;

    // Of errors, what is drawn for none at all: below the last place of a 32-bit float.
    private const double Least = -9;

    /// <summary>The columns of the table.</summary>
    public static ImmutableArray<string> Columns { get; } =
    ["component", "error", "cosine", "local", "restored", "repaired"];

    /// <summary>The page, its pictures and its JSON.</summary>
    public Report Create() =>
        new()
        {
            Title = $"Where {b} parts from {a}",
            Summary =
                "Both run on the same inputs. Error: ‖b − a‖ / ‖a‖ of a component's values. Local: the same when B "
                + "reads A's values everywhere before the component. Restored: the share of the outputs' distance that "
                + "is gone when A's values are written into B there, at every position. Repaired: the same when only "
                + "the component's own difference is taken out.",
            Warnings = DiffText.Warnings(result),
            Facts = DiffText.Facts(a, b, result),
            Heatmaps =
            [
                Errors("relative-error", "Relative error, log10", component => component.RelativeError),
                Errors("local-error", "Local error (B reads A's values), log10", component => component.LocalError),
                .. result.Output?.SharesIn is null
                    ? Array.Empty<ReportHeatmap>()
                    :
                    [
                        Shares("restored", "Restored: A's values written into B", component => component.Restored),
                        Shares(
                            "repaired",
                            "Repaired: the component's own difference taken out",
                            component => component.Repaired
                        ),
                    ],
            ],
            Tables =
            [
                .. result.Parting.IsEmpty
                    ? Array.Empty<ReportTable>()
                    : [new ReportTable("What parts by itself", Columns, [.. Rows(result.Parting)])],
                new ReportTable("All components in the order of computation", Columns, [.. Rows(result.Components)]),
            ],
            Json = JsonText.Of(DiffText.Data(a, b, result)),
        };

    /// <summary>
    /// The rows of the terminal: what parts by itself, or where nothing does, what has the largest local error.
    /// </summary>
    public IEnumerable<IReadOnlyList<string>> Shown() =>
        Rows(
                result.Parting.IsEmpty
                    ? result
                        .Components.Where(component => !(component.LocalError <= 0))
                        .OrderByDescending(component => component.LocalError)
                        .Take(MostRows)
                    : result.Parting.Take(MostRows)
            )
            .Select(row => (IReadOnlyList<string>)row);

    private static IEnumerable<ImmutableArray<string>> Rows(IEnumerable<ComparedComponent> components) =>
        components.Select(component =>
            ImmutableArray.Create(
                $"{component.Address.FullName}.{component.Address.Layer}",
                DiffText.Error(component.RelativeError),
                DiffText.Number(component.Cosine, "F4"),
                DiffText.Error(component.LocalError),
                DiffText.Share(component.Restored),
                DiffText.Share(component.Repaired)
            )
        );

    private ReportHeatmap Errors(string name, string title, Func<ComparedComponent, double> value) =>
        new(
            name,
            Heatmap(
                title,
                "log10",
                component => Math.Max(Least, Math.Log10(value(component))),
                ColorScale.Sequential(Least, 0),
                $"{Least} stands for {Math.Pow(10, Least):0E0} and less, values that are equal included."
            )
        );

    private ReportHeatmap Shares(string name, string title, Func<ComparedComponent, double?> value) =>
        new(
            name,
            Heatmap(
                title,
                "share",
                component => value(component) ?? double.NaN,
                ColorScale.Diverging(1),
                "0 changes nothing, 1 makes B's output A's, below 0 it gets worse."
            )
        );

    private Heatmap Heatmap(
        string title,
        string label,
        Func<ComparedComponent, double> value,
        ColorScale scale,
        string caption
    )
    {
        var names = result.Components.Select(component => component.Address.FullName).Distinct().ToImmutableArray();
        var layers = result.Components.Select(component => component.Address.Layer).Distinct().Order().ToList();
        var cells = result.Components.ToDictionary(
            component => (component.Address.FullName, component.Address.Layer),
            value
        );
        return new Heatmap
        {
            Title = title,
            RowLabels = names,
            ColumnLabels = [.. layers.Select(layer => $"{layer}")],
            Values =
            [
                .. names.SelectMany(name => layers.Select(layer => cells.GetValueOrDefault((name, layer), double.NaN))),
            ],
            RowAxis = "Component",
            ColumnAxis = "Layer",
            ValueLabel = label,
            Scale = scale,
            Caption = caption,
        };
    }
}
