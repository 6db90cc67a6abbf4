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

    private readonly Option<long?> _memory = SizeOption.Create(
        "--memory",
        "What the rows of one run may take besides the model, such as 64G; more makes fewer runs. Default: 1G."
    );

    private readonly Option<bool> _explain = new("--explain")
    {
        Description = "Say what the sweep would take, and stop before its cells are run.",
    };

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "Check the request, and count the cells that --out holds already; nothing is run.",
    };

    private readonly Option<string?> _shard = new("--shard")
    {
        Description =
            "Run one of several parts, such as 0/4 for the first of four, and keep its cells in --out; merge makes the "
            + "report of all.",
    };

    private readonly Option<string[]> _merge = new("--merge")
    {
        Description = "Make the report of the shards that these folders hold, in place of running.",
    };

    /// <summary>Whether cells have runs of their own, of which there are more ways than one.</summary>
    public bool RunsCells { get; init; } = true;

    public void AddTo(Command command)
    {
        AddPartsTo(command);
        if (RunsCells)
        {
            command.Add(_naive);
            command.Add(_memory);
        }

        command.Add(_explain);
    }

    /// <summary>The options of a study whose cells are not runs of the model that a sweep could share.</summary>
    public void AddPartsTo(Command command)
    {
        command.Add(_shard);
        command.Add(_merge);
        command.Add(_dryRun);
    }

    public SweepOptions Read(ParseResult arguments)
    {
        var options = new SweepOptions
        {
            IsNaive = RunsCells && arguments.GetValue(_naive),
            Shard = arguments.GetValue(_shard) is { } text ? SweepShard.Parse(text) : SweepShard.Whole,
            Command = [.. arguments.Tokens.Select(token => token.Value)],
        };
        return RunsCells && arguments.GetValue(_memory) is { } bytes ? options with { MemoryLimit = bytes } : options;
    }

    /// <summary>The folders whose shards are merged; none where the sweep is to be run.</summary>
    public IReadOnlyList<string> Merged(ParseResult arguments) => arguments.GetValue(_merge) ?? [];

    /// <summary>Whether only the plan is wanted.</summary>
    public bool Explains(ParseResult arguments) => arguments.GetValue(_explain);

    /// <summary>Whether nothing is to be run.</summary>
    public bool IsDryRun(ParseResult arguments) => arguments.GetValue(_dryRun);

    /// <summary>Prints how far a study is.</summary>
    public static void Write(Terminal terminal, SweepProgress progress, IReadOnlyList<string> journals, bool asJson)
    {
        if (asJson)
            terminal.Output.WriteJson(
                JsonText.Of(
                    new
                    {
                        Cells = progress.Total,
                        Kept = progress.Done,
                        Journals = journals,
                    }
                )
            );
        else
            terminal.WriteFacts([
                ("cells", $"{progress.Total}"),
                ("kept", $"{progress.Done}{(journals.Count > 0 ? $", in {string.Join(", ", journals)}" : "")}"),
            ]);
    }

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
                ("memory", $"{plan.Memory >> 20} MiB besides the model"),
                ("method", plan.Method),
                .. plan.Obstacle is { } why ? new[] { ("why whole models are run", why) } : [],
                .. plan.WholeLayers is { } undivided ? new[] { ("why layers stay whole", undivided) } : [],
            ]);
    }
}
