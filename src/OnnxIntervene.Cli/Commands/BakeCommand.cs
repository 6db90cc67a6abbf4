using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OnnxIntervene.Baking;
using OnnxIntervene.Cli.Output;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Writes a model that has interventions inside for good.</summary>
internal sealed class BakeCommand
{
    private readonly ModelOptions _model = new();
    private readonly SteeringOptions _steering = new();
    private readonly BakeOptions _options = new();
    private readonly DiffPrompts _prompts = new();
    private readonly Option<string> _output = new("--out")
    {
        Description = "The folder for the model. It must not be the model's own.",
        Required = true,
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new BakeCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "bake",
            "Write a model with interventions inside, which any ONNX Runtime runs with the model's own inputs. It is "
                + "compared with the intervened original on random inputs and on prompts, and written only if it "
                + "computes the same. Example: onnx-intervene bake model.onnx --vector joy.npy --layer 3 "
                + "--coefficient 4 --out joyful"
        );
        _model.AddTo(command);
        _steering.AddTo(command, isNeeded: true);
        _options.AddTo(command);
        _prompts.AddTo(command);
        command.Add(_output);
        command.Add(_json);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var request = _options.Read(arguments);
        var terminal = Terminal.Of(arguments);
        using var loaded = _model.Load(arguments);
        var file = _steering.Read(arguments, loaded);
        using var intervened = loaded.With(file.Config);
        var folder = arguments.GetValue(_output)!;
        var (baked, evidence) = Baker.Write(
            intervened,
            request with
            {
                UnitLocations = file.UnitLocations,
                Settings = file.Settings,
                InterventionFiles = file.Files,
                Inputs = _prompts.Read(arguments, loaded, loaded),
                Command = CommandText.Of(arguments),
            },
            folder,
            cancellation
        );
        if (arguments.GetValue(_json))
            terminal.Output.WriteJson(Json(Baker.FileIn(folder, intervened), folder, baked, evidence));
        else
            Write(terminal, Baker.FileIn(folder, intervened), folder, baked, evidence);
        return Task.FromResult(ExitCodes.Done);
    }

    private static string Json(string file, string folder, BakedModel baked, ImmutableArray<BakeEvidence> evidence) =>
        JsonText.Of(
            new
            {
                Model = file,
                Adapter = baked.Adapter.IsEmpty ? null : Path.Combine(folder, Baker.AdapterName),
                baked.Changes,
                baked.Roundings,
                baked.Removed,
                Evidence = evidence,
            }
        );

    private static void Write(
        Terminal terminal,
        string file,
        string folder,
        BakedModel baked,
        ImmutableArray<BakeEvidence> evidence
    )
    {
        terminal.Output.WriteLine(file);
        if (!baked.Adapter.IsEmpty)
            terminal.Output.WriteLine(
                $"{Path.Combine(folder, Baker.AdapterName)}: the model is as it was until this adapter is active."
            );
        foreach (var change in baked.Changes)
            terminal.Output.WriteLine(change);
        foreach (var rounding in baked.Roundings)
            terminal.Output.WriteLine(
                $"{rounding.Weights}: quantised again to {rounding.Bits} bits, at most {Number(rounding.Error)} off "
                    + $"(largest weight {Number(rounding.Largest)})"
            );
        terminal.WriteTable(
            ["input", "effect", "difference", "of the largest number", "KL (nats)"],
            evidence.Select(found =>
                new[]
                {
                    found.Input,
                    Number(found.Effect),
                    Number(found.Difference),
                    Number(found.Relative),
                    found.Divergence is { } divergence ? Number(divergence) : "",
                }
            )
        );
        if (evidence.All(found => found.Effect == 0))
            terminal.Error.WriteLine("The interventions change nothing on these inputs.");
    }

    private static string Number(double number) => number.ToString("g3", CultureInfo.InvariantCulture);
}
