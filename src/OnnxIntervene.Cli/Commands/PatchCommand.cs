using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Activation patching.</summary>
internal sealed class PatchCommand
{
    private readonly ModelOptions _model = new();
    private readonly SweepOptions _output = new("patch");
    private readonly Option<string> _clean = new("--clean")
    {
        Description = "The prompt whose answer is right; the source.",
        Required = true,
    };
    private readonly Option<string> _corrupt = new("--corrupt")
    {
        Description = "The prompt that is patched; the base. It must have as many tokens as the clean one.",
        Required = true,
    };
    private readonly Option<string> _answer = new("--answer")
    {
        Description = "The clean prompt's answer, one token.",
        Required = true,
    };
    private readonly Option<string> _wrong = new("--wrong")
    {
        Description = "The corrupt prompt's answer, one token.",
        Required = true,
    };
    private readonly Option<string> _component = new("--component")
    {
        Description = "What to patch: block_output, mlp_output, head_attention_value_output, …",
        DefaultValueFactory = _ => "block_output",
    };
    private readonly Option<string?> _layers = new("--layers") { Description = "Layers, such as 0-5,7. Default: all." };
    private readonly Option<string?> _positions = new("--positions")
    {
        Description = "Positions, such as 3-6. Default: all. A head component is patched at all of them at once.",
    };

    public static Command Create() => new PatchCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "patch",
            "Activation patching: which component at which layer and token carries the answer? Example: "
                + "onnx-intervene patch --clean \"A young salmon is called a\" --corrupt \"A young elephant is "
                + "called a\" --answer \" fry\" --wrong \" calf\""
        );
        _model.AddTo(command);
        foreach (var option in new Option[] { _clean, _corrupt, _answer, _wrong, _component, _layers, _positions })
            command.Add(option);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        using var loaded = _model.Load(arguments);
        var prompts = new PatchPrompts(
            PromptText.Of(arguments.GetValue(_clean)!, loaded.Tokenizer),
            PromptText.Of(arguments.GetValue(_corrupt)!, loaded.Tokenizer),
            arguments.GetValue(_answer)!,
            arguments.GetValue(_wrong)!
        );
        PromptText.RequireEqualLength(prompts.Clean, prompts.Corrupt);
        var request = new PatchSweepRequest
        {
            Clean = ModelInputs.FromTokens(prompts.Clean.Ids),
            Corrupt = ModelInputs.FromTokens(prompts.Corrupt.Ids),
            Answer = PromptText.Answer(prompts.Answer, loaded.Tokenizer),
            Wrong = PromptText.Answer(prompts.Wrong, loaded.Tokenizer),
            Component = arguments.GetValue(_component)!,
            Layers = NumberRanges.Parse(arguments.GetValue(_layers), "--layers"),
            Positions = NumberRanges.Parse(arguments.GetValue(_positions), "--positions"),
        };
        using var progress = new ProgressLine(Terminal.Of(arguments).Error, "Patching");
        var result = PatchSweep.Run(loaded, request, progress, cancellation);
        progress.Dispose();
        _output.Publish(arguments, PatchReport.Create(prompts, request, result, loaded.File), cancellation);
        return Task.FromResult(ExitCodes.Done);
    }
}

/// <summary>The prompts and answers of a patching sweep.</summary>
internal sealed record PatchPrompts(PromptText Clean, PromptText Corrupt, string Answer, string Wrong);
