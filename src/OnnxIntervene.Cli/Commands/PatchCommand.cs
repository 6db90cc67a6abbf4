using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Activation patching.</summary>
internal static class PatchCommand
{
    public static Command Create()
    {
        var command = new Command(
            "patch",
            "Activation patching: which component at which layer and token carries the answer? Example: "
                + "onnx-intervene patch --clean \"A young salmon is called a\" --corrupt \"A young elephant is "
                + "called a\" --answer \" fry\" --wrong \" calf\""
        );
        var (model, output) = (new ModelOptions(), new SweepOptions("patch"));
        var clean = new Option<string>("--clean")
        {
            Description = "The prompt whose answer is right; the source.",
            Required = true,
        };
        var corrupt = new Option<string>("--corrupt")
        {
            Description = "The prompt that is patched; the base. Equally many tokens.",
            Required = true,
        };
        var answer = new Option<string>("--answer")
        {
            Description = "The clean prompt's answer, one token.",
            Required = true,
        };
        var wrong = new Option<string>("--wrong")
        {
            Description = "The corrupt prompt's answer, one token.",
            Required = true,
        };
        var component = new Option<string>("--component")
        {
            Description = "What to patch: block_output, mlp_output, head_attention_value_output, …",
            DefaultValueFactory = _ => "block_output",
        };
        var layers = new Option<string?>("--layers") { Description = "Layers, such as 0-5,7. Default: all." };
        var positions = new Option<string?>("--positions")
        {
            Description = "Positions, such as 3-6. Default: all. A head component is patched at all of them at once.",
        };
        model.AddTo(command);
        foreach (var option in new Option[] { clean, corrupt, answer, wrong, component, layers, positions })
            command.Add(option);
        output.AddTo(command);
        command.SetAction(
            (arguments, cancellation) =>
            {
                using var loaded = model.Load(arguments);
                var prompts = new PatchPrompts(
                    PromptText.Of(arguments.GetValue(clean)!, loaded.Tokenizer),
                    PromptText.Of(arguments.GetValue(corrupt)!, loaded.Tokenizer),
                    arguments.GetValue(answer)!,
                    arguments.GetValue(wrong)!
                );
                PromptText.RequireEqualLength(prompts.Clean, prompts.Corrupt);
                var request = new PatchSweepRequest
                {
                    Clean = ModelInputs.FromTokens(prompts.Clean.Ids),
                    Corrupt = ModelInputs.FromTokens(prompts.Corrupt.Ids),
                    Answer = PromptText.Answer(prompts.Answer, loaded.Tokenizer),
                    Wrong = PromptText.Answer(prompts.Wrong, loaded.Tokenizer),
                    Component = arguments.GetValue(component)!,
                    Layers = NumberRanges.Parse(arguments.GetValue(layers), "--layers"),
                    Positions = NumberRanges.Parse(arguments.GetValue(positions), "--positions"),
                };
                using var progress = new ProgressLine(Terminal.Of(arguments).Error, "Patching");
                var result = PatchSweep.Run(loaded, request, progress, cancellation);
                progress.Dispose();
                output.Publish(arguments, PatchReport.Create(prompts, request, result, loaded.File), cancellation);
                return Task.FromResult(ExitCodes.Done);
            }
        );
        return command;
    }
}

/// <summary>The prompts and answers of a patching sweep.</summary>
internal sealed record PatchPrompts(PromptText Clean, PromptText Corrupt, string Answer, string Wrong);
