using OnnxIntervene.Cli.Output;
using OnnxIntervene.Planning;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Shows what a run will do.</summary>
internal static class ExplanationReport
{
    public static void Write(TerminalWriter writer, RunExplanation explanation, bool asJson)
    {
        if (asJson)
        {
            writer.WriteJson(
                JsonText.Of(
                    new
                    {
                        explanation.Sites,
                        explanation.AddedNodes,
                        Runs = explanation.Runs.Select(run => new
                        {
                            run.Run,
                            Inputs = run.Inputs.Select(input => new { input.Name, Shape = input.Shape.ToArray() }),
                        }),
                    }
                )
            );
            return;
        }

        foreach (var site in explanation.Sites)
        {
            writer.WriteLine(site.Intervention);
            writer.WriteLine($"  tensor       {site.Tensor}");
            if (site.ComputedBy.Length > 0)
                writer.WriteLine($"  computed by  {site.ComputedBy}");
            if (site.ReadBy.Length > 0)
                writer.WriteLine($"  read by      {string.Join(", ", site.ReadBy)}");
            if (site.Opened is { } opened)
                writer.WriteLine($"  opens        {opened}");
        }

        writer.WriteLine($"The rewritten graph has {explanation.AddedNodes} more nodes.");
        foreach (var (run, inputs) in explanation.Runs)
            writer.WriteLine(
                $"Run of the {run}, fed "
                    + $"{string.Join(", ", inputs.Select(input => $"{input.Name} [{string.Join(", ", input.Shape)}]"))}"
            );
    }
}
