using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Steering;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Tokenization;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Looks for the layer and the coefficient at which a vector steers best for what it costs.</summary>
internal sealed class SteerSearchCommand
{
    private const double UsualMostCost = 1.5;

    private readonly ModelOptions _model = new();
    private readonly ReadingPromptOptions _prompts = new();
    private readonly SteeringOptions _steering = new();
    private readonly SteeringScoreOptions _score = new();
    private readonly ReportOptions _output = new("steer-search");
    private readonly Option<string> _coefficients = CoefficientList.Create();
    private readonly Option<string> _neutral = new("--neutral")
    {
        Description =
            "A file of texts that have nothing to do with the vector, one a line: how much worse steering makes the "
            + "model read them (their perplexity) is the cost.",
        Required = true,
    };
    private readonly Option<double> _mostCost = new("--most-cost")
    {
        Description = "The best cell is that of the greatest effect among those of at most this cost; 1 is none.",
        HelpName = "times",
        DefaultValueFactory = _ => UsualMostCost,
    };

    public static Command Create() => new SteerSearchCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "steer-search",
            "Try a steering vector at each of its layers with each coefficient, and show effect against cost. All "
                + "cells are rows of one session. Example: onnx-intervene steer-search model --vector joy.safetensors "
                + "--coefficients 4,8,16,32 --prompt \"I went to a restaurant and the food was\" --words "
                + "wonderful,great,amazing --neutral texts.txt. Words in generated texts: add --score generated-text "
                + "--max-tokens 24"
        );
        _model.AddTo(command);
        _prompts.AddTo(command, hasAnswers: false);
        _steering.AddTo(command, isNeeded: true, isVaried: true);
        command.Add(_coefficients);
        command.Add(_neutral);
        _score.AddTo(command);
        command.Add(_mostCost);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var mostCost = arguments.GetValue(_mostCost);
        if (!(mostCost > 0))
            throw new InterventionException($"{_mostCost.Name}: {mostCost} is no cost; give a number above 0.");
        var coefficients = CoefficientList.Parse(arguments.GetValue(_coefficients)!);
        using var model = _model.Load(arguments);
        var vectors = _steering.Vectors(arguments, model);
        if (vectors is not [var vector])
            throw new InterventionException("A search is for one vector; give --vector once.");
        var plain = new SteeringSearchRequest
        {
            Vector = vector,
            Coefficients = [.. coefficients.Distinct()],
            Manner = _steering.Manner(arguments, vectors),
            Prompts = _prompts.Read(arguments, model),
            Neutral = Neutral(arguments.GetValue(_neutral)!, model.Tokenizer),
        };
        var request = _score.Add(arguments, plain, model);
        var journals = new StudyJournals(arguments, _output);
        var found = journals.Run(
            null,
            "Steering",
            (journal, progress) => SteeringSearch.Run(model, request, progress, journal, cancellation)
        );
        var report = new SteeringReport(model, request, found, mostCost).Create();
        _output.Publish(arguments, report, cancellation);
        journals.Delete();
        if (!_output.IsJson(arguments))
            StudyText.Write(Terminal.Of(arguments), report);
        return Task.FromResult(ExitCodes.Done);
    }

    private static ImmutableArray<StudyPrompt> Neutral(string path, Tokenizer tokenizer) =>
        [.. InputFile.ReadTexts(path).Select(text => StudyPrompt.Of(PromptText.Of(text, tokenizer)))];
}
