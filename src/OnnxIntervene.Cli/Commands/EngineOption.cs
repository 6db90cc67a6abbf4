using System.CommandLine;
using System.CommandLine.Parsing;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// Which engine trains. ONNX Runtime Training takes files only: the last one that was published has a native library
/// that does not go with the one that runs models here.
/// </summary>
internal static class EngineOption
{
    private const string Own = "gradients";
    private const string Other = "ort-training";

    public static Option<string> Create()
    {
        var option = new Option<string>("--engine")
        {
            Description =
                $"What trains: {Own} (graphs of ordinary operators, run by this ONNX Runtime) or {Other} (ONNX "
                + "Runtime Training: says what is missing).",
            DefaultValueFactory = _ => Own,
        };
        option.Validators.Add(Require);
        return option;
    }

    private static void Require(OptionResult result)
    {
        if (result.Tokens is not [var token] || token.Value == Own)
            return;
        result.AddError(
            token.Value == Other
                ? $"{result.Option.Name} {Other}: {OrtTraining.Missing} To train here, leave {result.Option.Name} out."
                : $"{result.Option.Name}: there is no engine '{token.Value}'; the engines are {Own} and {Other}."
        );
    }
}
