using System.CommandLine;
using OnnxIntervene.Baking;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>How interventions become a part of the model.</summary>
internal sealed class BakeOptions
{
    private readonly Option<bool> _spliced = new("--spliced")
    {
        Description = "As nodes of the graph with their numbers: any intervention that needs no source's run. Default.",
    };
    private readonly Option<bool> _overridable = new("--overridable")
    {
        Description = "With --spliced: the numbers are defaults of inputs, which a run may feed others to.",
    };
    private readonly Option<bool> _adapter = new("--adapter")
    {
        Description =
            $"As --spliced, but off: the numbers are in {Baker.AdapterName} beside the model, and ONNX Runtime "
            + "intervenes while that adapter is active.",
    };
    private readonly Option<bool> _folded = new("--folded")
    {
        Description =
            "Into weights and biases, where that is exact: additions, ablations, projections, LoRA and LoReFT at what "
            + "linear layers compute or read. As fast as the original.",
    };
    private readonly Option<bool> _copyShared = new("--copy-shared")
    {
        Description = "With --folded: a layer may get a copy of weights that others share, such as the vocabulary's.",
    };
    private readonly Option<bool> _copies = new("--copy-weights")
    {
        Description = "Copy the weights. Default: the original's files are hard-linked in the folder.",
    };
    private readonly Option<double?> _tolerance = new("--tolerance")
    {
        Description =
            "How far the file may be from the intervened model, as a part of the output's largest number. Default: "
            + "1e-5; more for weights of few bits.",
    };

    public void AddTo(Command command)
    {
        _tolerance.Validators.Add(NumberOptions.RequireNotNegative);
        foreach (
            var option in new Option[] { _spliced, _overridable, _adapter, _folded, _copyShared, _copies, _tolerance }
        )
            command.Add(option);
    }

    /// <summary>The request without interventions and inputs.</summary>
    public BakeRequest Read(ParseResult arguments)
    {
        RequireOne(arguments, _spliced, _adapter, _folded);
        RequireOne(arguments, _overridable, _adapter, _folded);
        return new BakeRequest
        {
            Numbers =
                arguments.GetValue(_adapter) ? BakedNumbers.Adapter
                : arguments.GetValue(_overridable) ? BakedNumbers.Overridable
                : BakedNumbers.Constant,
            Folds = arguments.GetValue(_folded),
            CopiesShared = arguments.GetValue(_copyShared),
            CopiesWeights = arguments.GetValue(_copies),
            Tolerance = arguments.GetValue(_tolerance),
        };
    }

    private static void RequireOne(ParseResult arguments, params ReadOnlySpan<Option<bool>> options)
    {
        var given = new List<string>();
        foreach (var option in options)
        {
            if (arguments.GetValue(option))
                given.Add(option.Name);
        }

        if (given.Count > 1)
            throw new InterventionException($"Give one of {string.Join(", ", given)}.");
    }
}
