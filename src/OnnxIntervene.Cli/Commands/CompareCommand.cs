using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.Planning;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Shows what steering vectors make of texts, coefficient by coefficient.</summary>
internal sealed class CompareCommand
{
    private readonly ModelOptions _model = new();
    private readonly GenerationPrompts _prompts = new();
    private readonly SteeringOptions _steering = new();
    private readonly ScheduleOptions _schedule = new();
    private readonly SamplingOptions _sampling = new();
    private readonly Option<string> _coefficients = CoefficientList.Create();
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new CompareCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "compare",
            "Compare texts over the coefficients of steering vectors, side by side; all of them are generated in one "
                + "batch. Example: onnx-intervene compare model --prompt \"I went to a restaurant and\" --vector "
                + "joy.safetensors --coefficients -8,-4,0,4,8"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        _steering.AddTo(command, isNeeded: true, isVaried: true);
        _schedule.AddTo(command);
        _sampling.AddTo(command);
        command.Add(_coefficients);
        command.Add(_json);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var coefficients = CoefficientList.Parse(arguments.GetValue(_coefficients)!);
        using var loaded = _model.Load(arguments);
        var vectors = _steering.Vectors(arguments, loaded);
        var prompts = _prompts.Read(arguments, loaded);
        var options = _schedule.Add(arguments, _sampling.Read(arguments), hasLocations: false);
        var manner = _steering.Manner(arguments, vectors);
        var config = new IntervenableConfig
        {
            Representations = [.. vectors.SelectMany(vector => vector.Acting(manner))],
        };
        using var model = loaded.With(config);
        // A row for each prompt and coefficient, which is its own.
        var perRow = Coefficient.PerExample([.. prompts.SelectMany(_ => coefficients)]);
        var generation = model.PlanGeneration(
            [.. prompts.SelectMany(prompt => coefficients.Select(_ => prompt))],
            options,
            settings: new RunSettings { Coefficients = [.. config.Representations.Select(_ => perRow)] }
        );
        Write(Terminal.Of(arguments), loaded, generation.Run(cancellation), coefficients, arguments.GetValue(_json));
        return Task.FromResult(ExitCodes.Done);
    }

    private static void Write(
        Terminal terminal,
        LoadedModel model,
        ImmutableArray<GeneratedText> texts,
        ImmutableArray<float> coefficients,
        bool asJson
    )
    {
        var rows = texts.Select((text, row) => (Text: text, Coefficient: coefficients[row % coefficients.Length]));
        if (asJson)
        {
            terminal.Output.WriteJson(
                JsonText.Of(
                    rows.Select(row => new { row.Coefficient, Generated = GenerationText.Shown(row.Text, model) })
                )
            );
            return;
        }

        foreach (var prompt in rows.Chunk(coefficients.Length))
        {
            terminal.Output.WriteLine($"> {GenerationText.PromptOf(prompt[0].Text, model)}");
            terminal.WriteTable(
                ["coefficient", "text"],
                prompt.Select(row =>
                    (IReadOnlyList<string>)
                        [
                            row.Coefficient.ToString("0.###", CultureInfo.InvariantCulture),
                            GenerationText.Of(row.Text).ReplaceLineEndings(" "),
                        ]
                )
            );
        }
    }
}
