using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Steering;

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
    private readonly WordOptions _words = new(
        "Words with commas between, such as joy,happy: the share of each text's words that are among them is shown."
    );
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new CompareCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "compare",
            "Compare texts over the coefficients of steering vectors, side by side; all of them are generated in one "
                + "batch. Example: onnx-intervene compare model --prompt \"I went to a restaurant and\" --vector "
                + "joy.safetensors --coefficients -8,-4,0,4,8 --words wonderful,great,happy"
        );
        _model.AddTo(command);
        _prompts.AddTo(command);
        _steering.AddTo(command, isNeeded: true, isVaried: true);
        _schedule.AddTo(command);
        _sampling.AddTo(command);
        command.Add(_coefficients);
        _words.AddTo(command);
        command.Add(_json);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var coefficients = CoefficientList.Parse(arguments.GetValue(_coefficients)!);
        using var loaded = _model.Load(arguments);
        var bag = Bag(arguments, loaded);
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
        LoadingGarbage.Drop();
        Write(
            Terminal.Of(arguments),
            loaded,
            [.. generation.Run(cancellation).Select((text, row) => Row(text, coefficients[row % coefficients.Length]))],
            coefficients.Length,
            arguments.GetValue(_json)
        );
        return Task.FromResult(ExitCodes.Done);

        ComparedText Row(GeneratedText text, float coefficient) => new(text, coefficient, bag?.Score(text.Text!));
    }

    private BagOfWords? Bag(ParseResult arguments, LoadedModel model) =>
        !_words.IsGiven(arguments.CommandResult) ? null
        : model.HasTokenizer ? BagOfWords.Of(_words.Read(arguments))
        : throw new InterventionException("Words are counted in texts, which need a tokenizer beside the model.");

    private static void Write(
        Terminal terminal,
        LoadedModel model,
        ImmutableArray<ComparedText> texts,
        int coefficients,
        bool asJson
    )
    {
        if (asJson)
        {
            terminal.Output.WriteJson(
                JsonText.Of(
                    texts.Select(row => new
                    {
                        row.Coefficient,
                        Generated = GenerationText.Shown(row.Text, model),
                        Words = row.Score,
                    })
                )
            );
            return;
        }

        foreach (var prompt in texts.Chunk(coefficients))
        {
            terminal.Output.WriteLine($"> {GenerationText.PromptOf(prompt[0].Text, model)}");
            var hasScores = prompt[0].Score is not null;
            terminal.WriteTable(
                hasScores ? ["coefficient", "words", "text"] : ["coefficient", "text"],
                prompt.Select(row => (IReadOnlyList<string>)Columns(row))
            );
        }
    }

    private static string[] Columns(ComparedText row)
    {
        var coefficient = row.Coefficient.ToString("0.###", CultureInfo.InvariantCulture);
        var text = GenerationText.Of(row.Text).ReplaceLineEndings(" ");
        return row.Score is { } score
            ? [coefficient, score.Share.ToString("0.# %", CultureInfo.InvariantCulture), text]
            : [coefficient, text];
    }

    /// <summary>A text of one coefficient, and how much of it is in a bag of words.</summary>
    private sealed record ComparedText(GeneratedText Text, float Coefficient, BagOfWordsScore? Score);
}
