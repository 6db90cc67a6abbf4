using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How the runs of a sweep are made.</summary>
internal sealed class SweepRunOptions
{
    private readonly Option<bool> _naive = new("--naive")
    {
        Description = "Run the whole model once for each cell: the slow way, by which the fast one is checked.",
    };

    private readonly Option<bool> _explain = new("--explain")
    {
        Description = "Say what the sweep would take, and stop before its cells are run.",
    };

    public void AddTo(Command command)
    {
        command.Add(_naive);
        command.Add(_explain);
    }

    public SweepOptions Read(ParseResult arguments) => new() { IsNaive = arguments.GetValue(_naive) };

    /// <summary>Whether only the plan is wanted.</summary>
    public bool Explains(ParseResult arguments) => arguments.GetValue(_explain);

    /// <summary>Prints a plan.</summary>
    public static void Write(Terminal terminal, SweepPlan plan, bool asJson)
    {
        if (asJson)
            terminal.Output.WriteJson(JsonText.Of(plan));
        else
            terminal.WriteFacts([
                ("cells", $"{plan.Cells}"),
                ("cells that are run", $"{plan.Rows}; the others cannot differ from their base's run"),
                ("runs of sessions", $"{plan.Runs}"),
                ("multiplications", $"{plan.Share:P1} of those of {plan.Cells} runs of the model"),
                ("method", plan.Method),
                .. plan.Obstacle is { } why ? new[] { ("why whole models are run", why) } : [],
            ]);
    }
}
