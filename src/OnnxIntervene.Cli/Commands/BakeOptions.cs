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
    private readonly Option<bool> _requantise = new("--requantise")
    {
        Description =
            "With --folded: weights of 4 or 8 bits that cannot hold exactly what is folded into them are quantised "
            + "again, in the same blocks; the errors are stated. Default: refused.",
    };
    private readonly Option<bool> _remove = new("--remove")
    {
        Description =
            "With --folded: whole heads and neurons that are set to zero, or to a mean, are removed from the weights: "
            + "a smaller model, with a copy of the weights. Refused where the graph does not allow it.",
    };
    private readonly Option<bool> _copies = new("--copy-weights")
    {
        Description = "Copy the weights. Default: the original's files are hard-linked in the folder.",
    };
    private readonly Option<bool> _genai = new("--genai")
    {
        Description =
            "Write genai_config.json beside the model, so that onnxruntime-genai runs it, where the original has none: "
            + "for decoders with a cache, past_key_values.N.key and .value. Refused where something is missing.",
    };
    private readonly Option<double?> _tolerance = new("--tolerance")
    {
        Description =
            "How far the file may be from the intervened model, as a part of the output's largest number. Default: "
            + "1e-5, or 1e-2 for 16-bit floats; with --requantise, less than what the interventions change.",
    };

    public void AddTo(Command command)
    {
        _tolerance.Validators.Add(NumberOptions.RequireNotNegative);
        foreach (
            var option in new Option[]
            {
                _spliced,
                _overridable,
                _adapter,
                _folded,
                _copyShared,
                _requantise,
                _remove,
                _copies,
                _genai,
                _tolerance,
            }
        )
            command.Add(option);
    }

    /// <summary>The request without interventions and inputs.</summary>
    public BakeRequest Read(ParseResult arguments)
    {
        RequireOne(arguments, _spliced, _adapter, _folded);
        RequireOne(arguments, _overridable, _adapter, _folded);
        RequireFolded(arguments, _copyShared);
        RequireFolded(arguments, _requantise);
        RequireFolded(arguments, _remove);
        return new BakeRequest
        {
            Numbers =
                arguments.GetValue(_adapter) ? BakedNumbers.Adapter
                : arguments.GetValue(_overridable) ? BakedNumbers.Overridable
                : BakedNumbers.Constant,
            Folds = arguments.GetValue(_folded),
            CopiesShared = arguments.GetValue(_copyShared),
            Requantises = arguments.GetValue(_requantise),
            Removes = arguments.GetValue(_remove),
            CopiesWeights = arguments.GetValue(_copies),
            ConfiguresGenAI = arguments.GetValue(_genai),
            Tolerance = arguments.GetValue(_tolerance),
        };
    }

    private void RequireFolded(ParseResult arguments, Option<bool> option)
    {
        if (arguments.GetValue(option) && !arguments.GetValue(_folded))
            throw new InterventionException($"{option.Name} is for weights, so it needs {_folded.Name}.");
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
