using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Probing;
using OnnxIntervene.Steering;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Finds a steering vector from pairs of texts.</summary>
internal sealed class SteerTrainCommand
{
    private static readonly ImmutableArray<SteeringMethod> s_methods =
    [
        SteeringMethod.DifferenceOfMeans,
        SteeringMethod.MeanCentred,
        SteeringMethod.PrincipalComponent,
        LogisticDirection.Method,
    ];

    private readonly ModelOptions _model = new();
    private readonly Option<string> _pairs = new("--pairs")
    {
        Description = "Pairs of texts, JSON Lines: {\"positive\": TEXT, \"negative\": TEXT} on each line.",
        Required = true,
    };
    private readonly Option<string> _method = new("--method")
    {
        Description =
            "mean: the mean of the positive minus that of the negative; mean-centred: minus that of all; pca: the "
            + "first principal component of the differences; probe: the direction of a logistic regression.",
        DefaultValueFactory = _ => SteeringMethod.DifferenceOfMeans.Name,
    };
    private readonly Option<string?> _layers = new("--layers") { Description = "The layers, 3 or 2-5. Default: all." };
    private readonly Option<string> _component = new("--component")
    {
        Description = "The component whose values are read at each text's last token.",
        DefaultValueFactory = _ => SteeringVector.Stream,
    };
    private readonly Option<bool> _unit = new("--unit")
    {
        Description = "Make every direction 1 long, so that coefficients are lengths.",
    };
    private readonly Option<string> _output = new("--out")
    {
        Description = "The file: .safetensors, or .gguf for a control vector of llama.cpp and repeng.",
        Required = true,
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new SteerTrainCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "steer-train",
            "Find a steering vector: a direction for each layer from texts that have a property and texts that lack "
                + "it. Example: onnx-intervene steer-train model --pairs joy.jsonl --layers 14 --unit --out "
                + "joy.safetensors"
        );
        _model.AddTo(command);
        _method.AcceptOnlyFromAmong([.. s_methods.Select(method => method.Name)]);
        foreach (var option in new Option[] { _pairs, _method, _layers, _component, _unit, _output, _json })
            command.Add(option);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var (path, component) = (arguments.GetValue(_output)!, arguments.GetValue(_component)!);
        SteeringVectorFile.CheckPath(path, component);
        using var model = _model.Load(arguments);
        var examples = SteeringExamples.Read(arguments.GetValue(_pairs)!, model);
        var layers = NumberRanges.Parse(arguments.GetValue(_layers), _layers.Name);
        var method = s_methods.First(known => known.Name == arguments.GetValue(_method));
        var terminal = Terminal.Of(arguments);
        using var progress = new ProgressLine(terminal.Error, "Reading");
        var fitted = SteeringTraining.Fit(
            model,
            examples,
            layers.IsEmpty ? [.. Enumerable.Range(0, model.Components.LayerCount)] : layers,
            method,
            component,
            progress,
            cancellation
        );
        progress.Dispose();
        var vector = arguments.GetValue(_unit) ? fitted.Vector.Normalized() : fitted.Vector;
        SteeringVectorFile.Write(path, vector, Metadata(model, method, examples));
        Write(terminal, path, vector, fitted, arguments.GetValue(_json));
        return Task.FromResult(ExitCodes.Done);
    }

    private static ImmutableDictionary<string, string> Metadata(
        LoadedModel model,
        SteeringMethod method,
        SteeringExamples examples
    ) =>
        ImmutableDictionary<string, string>
            .Empty.Add("format", "onnx-intervene steering vector")
            .Add("model", Path.GetFileName(model.File.Folder))
            .Add("method", method.Name)
            .Add("pairs", examples.Positive.Length.ToString(CultureInfo.InvariantCulture));

    private static void Write(Terminal terminal, string path, SteeringVector vector, FittedSteering fitted, bool asJson)
    {
        if (asJson)
        {
            terminal.Output.WriteJson(
                JsonText.Of(
                    new
                    {
                        Out = path,
                        vector.Component,
                        Layers = vector.Directions.Select(entry => new
                        {
                            Layer = entry.Key,
                            Length = vector.LengthAt(entry.Key),
                            Separation = fitted.Separations[entry.Key],
                        }),
                    }
                )
            );
            return;
        }

        terminal.WriteTable(
            ["layer", "length", "pairs told apart"],
            vector.Directions.Keys.Select(layer =>
                (IReadOnlyList<string>)
                    [
                        layer.ToString(CultureInfo.InvariantCulture),
                        vector.LengthAt(layer).ToString("0.###", CultureInfo.InvariantCulture),
                        fitted.Separations[layer].ToString("0 %", CultureInfo.InvariantCulture),
                    ]
            )
        );
        terminal.Output.WriteLine($"{path}: {vector.Directions.Count} directions of {vector.Component}");
    }
}
