using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Activation patching.</summary>
internal sealed class PatchCommand
{
    private readonly ModelOptions _model = new();
    private readonly SweepRunOptions _runs = new();
    private readonly ReportOptions _output = new("patch");
    private readonly PromptOptions _clean = new("clean", "The prompt whose answer is right; the source.");
    private readonly PromptOptions _corrupt = new(
        "corrupt",
        "The prompt that is patched; the base. It must have as many tokens as the clean one."
    );
    private readonly AnswerOptions _answer = new("answer", "The clean prompt's answer, one token.");
    private readonly AnswerOptions _wrong = new("wrong", "The corrupt prompt's answer, one token.");
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
                + "called a\" --answer \" fry\" --wrong \" calf\". Without a tokenizer: onnx-intervene patch "
                + "model.onnx --clean-ids 32,1862,17 --corrupt-ids 32,1862,94 --answer-id 351 --wrong-id 902"
        );
        _model.AddTo(command);
        _clean.AddTo(command);
        _corrupt.AddTo(command);
        _answer.AddTo(command);
        _wrong.AddTo(command);
        foreach (var option in new Option[] { _component, _layers, _positions })
            command.Add(option);
        _runs.AddTo(command);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        using var loaded = _model.Load(arguments);
        var prompts = new PatchPrompts(
            _clean.Read(arguments, loaded),
            _corrupt.Read(arguments, loaded),
            _answer.Read(arguments, loaded),
            _wrong.Read(arguments, loaded)
        );
        PromptText.RequireEqualLength(prompts.Clean, prompts.Corrupt);
        var request = new PatchSweepRequest
        {
            Clean = ModelInputs.FromTokens(prompts.Clean.Ids),
            Corrupt = ModelInputs.FromTokens(prompts.Corrupt.Ids),
            Answer = prompts.Answer.Id,
            Wrong = prompts.Wrong.Id,
            Component = arguments.GetValue(_component)!,
            Layers = NumberRanges.Parse(arguments.GetValue(_layers), "--layers"),
            Positions = NumberRanges.Parse(arguments.GetValue(_positions), "--positions"),
        };
        var runs = _runs.Read(arguments);
        if (_runs.Explains(arguments))
        {
            SweepRunOptions.Write(
                Terminal.Of(arguments),
                PatchSweep.Plan(loaded, request, runs, cancellation),
                _output.IsJson(arguments)
            );
            return Task.FromResult(ExitCodes.Done);
        }

        using var progress = new ProgressLine(Terminal.Of(arguments).Error, "Patching");
        var result = PatchSweep.Run(loaded, request, progress, runs, cancellation);
        progress.Dispose();
        _output.Publish(arguments, PatchReport.Create(prompts, request, result, loaded), cancellation);
        return Task.FromResult(ExitCodes.Done);
    }
}

/// <summary>The prompts and answers of a patching sweep.</summary>
internal sealed record PatchPrompts(PromptText Clean, PromptText Corrupt, AnswerToken Answer, AnswerToken Wrong);
