using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Comparing;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Reports;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What a comparison found, in words and as data.</summary>
internal static class DiffText
{
    public static string Error(double error) => Number(error, "0.0E+0");

    public static string Number(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);

    public static string Share(double? share) =>
        share is { } known ? known.ToString("P1", CultureInfo.InvariantCulture) : "";

    public static ImmutableArray<ReportFact> Facts(string a, string b, ModelComparisonResult result) =>
        [
            new("A", a),
            new("B", b),
            new(
                "compared",
                $"{result.Components.Length} components, {result.Examples} examples, {result.Positions} positions"
            ),
            .. Outputs(result),
            new("rounding explains", Explained(result)),
            .. First(result),
            .. Cause(result),
            .. result.Omitted.IsEmpty
                ? Array.Empty<ReportFact>()
                : [new ReportFact("left out", $"{result.Omitted.Length} components: {Omitted(result)}")],
        ];

    public static ImmutableArray<string> Warnings(ModelComparisonResult result) =>
        result.Output switch
        {
            null =>
            [
                "A's outputs are not known, or are not floating-point numbers: neither their distance nor what "
                    + "restores it was measured. A file of activations holds them as 'logits'.",
            ],
            { SharesIn: null } =>
            [
                "The outputs are the same within rounding, so there is nothing to restore, and nothing was patched.",
            ],
            _ => [],
        };

    public static object Data(string a, string b, ModelComparisonResult result) =>
        new
        {
            A = a,
            B = b,
            result.Examples,
            result.Positions,
            RoundingFloor = result.Limits.Floor,
            Quantized = result.Limits.IsQuantized,
            Output = result.Output is { } output
                ? new
                {
                    output.Name,
                    Measure = Word(output.Measure),
                    output.Mean,
                    output.Distances,
                    output.RelativeError,
                    output.LargestDifference,
                    output.LocalError,
                    output.Explained,
                    output.PartsByItself,
                    SharesIn = output.SharesIn is { } measure ? Word(measure) : null,
                }
                : null,
            First = result.First is { } first ? Place(first.Address) : null,
            MainCause = result.MainCause is { } cause ? Place(cause.Address) : null,
            Components = result.Components.Select(Data),
            Omitted = result.Omitted.Select(item => new { Component = Place(item.Address), item.Reason }),
            Warnings = Warnings(result),
        };

    private static object Data(ComparedComponent component) =>
        new
        {
            component.Address.Layer,
            Component = component.Address.FullName,
            component.RelativeError,
            component.Cosine,
            component.LargestDifference,
            component.LocalError,
            component.Explained,
            component.PartsByItself,
            component.Restored,
            component.Repaired,
        };

    private static object Place(ComponentAddress address) => new { address.Layer, Component = address.FullName };

    private static string Word(OutputMeasure measure) =>
        measure == OutputMeasure.KullbackLeibler ? "kl_divergence" : "relative_error";

    private static IEnumerable<ReportFact> Outputs(ModelComparisonResult result)
    {
        if (result.Output is not { } output)
            yield break;
        yield return output.Measure == OutputMeasure.KullbackLeibler
            ? new("KL(A ‖ B)", $"{Error(output.Mean)} nats, worst example {Error(output.Distances.Max())}")
            : new("outputs' error", $"{Error(output.Mean)}, worst example {Error(output.Distances.Max())}");
        if (output is { Measure: OutputMeasure.KullbackLeibler, SharesIn: OutputMeasure.RelativeError })
            yield return new(
                "shares",
                $"of the outputs' squared error, {Error(output.RelativeError)}²; KL is rounding"
            );
    }

    private static string Explained(ModelComparisonResult result) =>
        result.Limits.IsQuantized
            ? $"local errors to {Number(RoundingLimits.Factor, "0")} × the layers' median (quantised)"
            : $"local errors up to {Error(result.Limits.Floor)}";

    private static IEnumerable<ReportFact> First(ModelComparisonResult result)
    {
        if (result.First is { } first)
        {
            yield return new("first to part", $"{first.Address}, although it reads the same");
            if (ComponentWork.Of(first.Address.Name) is { Length: > 0 } work)
                yield return new("what it computes", work);
            yield return new("local error there", $"{Error(first.LocalError)}; explained {Error(first.Explained)}");
            yield return new("part by themselves", $"{result.Parting.Length} of {result.Components.Length}");
        }
        else
        {
            yield return new("first to part", "none: every component computes the same from the same");
        }

        if (result.Output is { PartsByItself: true } output)
            yield return new("after the layers", $"differs too: local error {Error(output.LocalError)}");
    }

    private static IEnumerable<ReportFact> Cause(ModelComparisonResult result) =>
        result.MainCause is { Repaired: > 0 } cause
            ? [new("main cause", $"{cause.Address}: {Share(cause.Repaired)} of the outputs' distance")]
            : [];

    private static string Omitted(ModelComparisonResult result) =>
        $"{result.Omitted[0].Address} ({result.Omitted[0].Reason}){(result.Omitted.Length > 1 ? ", …" : "")}";
}
