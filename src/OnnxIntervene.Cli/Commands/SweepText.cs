using System.Globalization;
using OnnxIntervene.Execution;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How reports of experiments show what the model itself answered.</summary>
internal static class SweepText
{
    public static string Answer(TopAnswer top, LoadedModel model) =>
        $"'{model.TokenText(top.Id)}' ({top.Probability.ToString("P2", CultureInfo.InvariantCulture)})";

    public static object Data(TopAnswer top, LoadedModel model) =>
        new
        {
            top.Id,
            Text = model.TokenText(top.Id),
            top.Probability,
        };
}
