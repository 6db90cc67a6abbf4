using System.Globalization;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Cli.Commands;

/// <summary>One output of a model, without and with the interventions.</summary>
internal sealed record ComparedOutput(string Name, NumericArray Before, NumericArray After)
{
    /// <summary>How far it moved; null where its shape changed, so that elements have no counterparts.</summary>
    public OutputDifference? Difference { get; } =
        Before.Shape.SequenceEqual(After.Shape) ? OutputDifference.Of(Before, After) : null;

    public IReadOnlyList<(string Name, string Value)> Facts =>
        Difference is { } difference
            ?
            [
                ("output", $"{Name} {Sizes(After)}"),
                ("largest difference", Number(difference.Largest)),
                ("mean difference", Number(difference.Mean)),
                ("changed elements", $"{difference.Changed} of {difference.Length}"),
            ]
            : [("output", $"{Name} {Sizes(After)}"), ("shape before", Sizes(Before))];

    public static IReadOnlyList<string> Columns { get; } = ["output", "shape", "changed", "largest", "mean"];

    public IReadOnlyList<string> Row =>
        Difference is { } difference
            ?
            [
                Name,
                Sizes(After),
                $"{difference.Changed} of {difference.Length}",
                Number(difference.Largest),
                Number(difference.Mean),
            ]
            : [Name, Sizes(After), $"the shape, from {Sizes(Before)}", "", ""];

    public object Data =>
        new
        {
            Output = Name,
            After.Shape,
            ShapeBefore = Before.Shape,
            Difference,
        };

    private static string Sizes(NumericArray array) => $"[{string.Join(", ", array.Shape)}]";

    private static string Number(double difference) => difference.ToString("G5", CultureInfo.InvariantCulture);
}
