using System.CommandLine;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The model and how it runs: what every command that runs one takes.</summary>
internal sealed class ModelOptions
{
    private readonly Argument<string?> _model = new("MODEL")
    {
        Description = "An .onnx file, or a folder that holds one. Default: the model that comes with the tool.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> _provider = new("--provider")
    {
        Description = "The execution provider of ONNX Runtime: cpu, cuda, …",
        DefaultValueFactory = _ => "cpu",
    };

    private readonly Option<int?> _threads = new("--threads") { Description = "How many threads an operator may use. Default: ONNX Runtime decides." };

    /// <summary>Adds the model to a command, and with <paramref name="runs"/> how it runs.</summary>
    public void AddTo(Command command, bool runs = true)
    {
        command.Add(_model);
        if (!runs)
            return;
        _threads.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && int.TryParse(token.Value, out var number) && number < 1)
                result.AddError("--threads must be at least 1.");
        });
        command.Add(_provider);
        command.Add(_threads);
    }

    public string Path(ParseResult arguments) => arguments.GetValue(_model) ?? System.IO.Path.Combine(AppContext.BaseDirectory, "models", "facts-gpt2");

    public IntervenableModel Load(ParseResult arguments, IntervenableConfig config) => IntervenableModel.Load(
        Path(arguments), config, new ExecutionOptions { Provider = arguments.GetValue(_provider)!, Threads = arguments.GetValue(_threads) });
}
