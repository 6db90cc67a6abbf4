using System.CommandLine;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What is baked: a configuration, or a steering vector.</summary>
internal sealed class BakedInterventions
{
    private readonly Option<string?> _config = new("--config")
    {
        Description = "The interventions: a configuration in pyvene's form or the short one, or a saved folder.",
    };
    private readonly Option<string?> _vector = new("--vector")
    {
        Description =
            "In place of --config, a vector that is added: .npy, .npz or .safetensors (FILE#NAME of several "
            + "tensors), or a control vector of llama.cpp (.gguf).",
    };
    private readonly Option<int?> _layer = new("--layer")
    {
        Description = "The vector's layer. A control vector has its own: all of them by default.",
    };
    private readonly Option<string> _component = new("--component")
    {
        Description = "The component that the vector is added to.",
        DefaultValueFactory = _ => ComponentNames.BlockOutput,
    };
    private readonly Option<float> _coefficient = new("--coefficient")
    {
        Description = "What the vector is multiplied with.",
        DefaultValueFactory = _ => 1,
    };

    public void AddTo(Command command)
    {
        _layer.Validators.Add(result => NumberOptions.Require(result, 0, int.MaxValue));
        foreach (var option in new Option[] { _config, _vector, _layer, _component, _coefficient })
            command.Add(option);
    }

    /// <summary>The interventions with what they need.</summary>
    public RunFile Read(ParseResult arguments)
    {
        var (config, vector) = (arguments.GetValue(_config), arguments.GetValue(_vector));
        if (config is null == vector is null)
            throw new InterventionException("Say what to bake: --config FILE, or --vector FILE.");
        return config is not null
            ? RunFile.Read(config)
            : VectorFile.Read(
                vector!,
                arguments.GetValue(_layer),
                arguments.GetValue(_component)!,
                arguments.GetValue(_coefficient)
            );
    }
}
