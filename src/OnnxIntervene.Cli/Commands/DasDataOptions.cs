using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.CausalModels;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The interchanges of an alignment search: from files, or drawn from a causal model.</summary>
internal sealed class DasDataOptions
{
    private const string TrainingSet = "train";
    private const string TestSet = "test";

    private readonly Option<string?> _data = new("--data")
    {
        Description =
            "Interchanges: .safetensors with base, source and labels (base_ids and source_ids for tokens; sets as "
            + "train.base and test.base), or JSON Lines of {\"base\": …, \"source\": …, \"label\": …, \"base_label\": "
            + "…, \"positions\": {\"verb\": \"knew\"}}.",
    };

    private readonly Option<string?> _test = new("--test")
    {
        Description = "Another such file to measure on. Default: the set test of --data, or a part that is held out.",
    };

    private readonly Option<string?> _causal = new("--causal")
    {
        Description = "A causal model, a JSON file, from which interchanges are drawn; in place of --data.",
    };

    private readonly Option<string[]> _variables = new("--variable")
    {
        Description =
            "A variable of --causal to look for; can be given several times. Default: all between in and out.",
    };

    private readonly Option<int> _examples = new("--examples")
    {
        Description = "How many interchanges are drawn from --causal.",
        DefaultValueFactory = _ => 2000,
    };

    private readonly Option<double> _heldOut = new("--held-out")
    {
        Description = "The share that is held out where there is no set to measure on, between 0 and 1.",
        DefaultValueFactory = _ => 0.25,
    };

    private readonly Option<string[]> _answers = new("--answer")
    {
        Description =
            "An answer that the model chooses among, one token; given once for each, in the order of the labels' "
            + "numbers. Default: those of --causal, or all tokens.",
    };

    private readonly Option<string?> _answerIds = new("--answer-ids")
    {
        Description = "The same as token ids: 358,359. Needs no tokenizer.",
    };

    public void AddTo(Command command)
    {
        _examples.Validators.Add(result => NumberOptions.Require(result, 2, 10_000_000));
        foreach (
            var option in new Option[] { _data, _test, _causal, _variables, _examples, _heldOut, _answers, _answerIds }
        )
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_data) is null == result.GetValue(_causal) is null)
                result.AddError("Give interchanges: either --data FILE or --causal FILE.");
            if (result.GetValue(_answers) is { Length: > 0 } && result.GetValue(_answerIds) is not null)
                result.AddError("--answer and --answer-ids are both given; give one of them.");
        });
    }

    /// <summary>What is trained on, what is measured on, and what is looked for.</summary>
    public DasData Read(ParseResult arguments, LoadedModel model, uint seed)
    {
        if (arguments.GetValue(_causal) is { } causal)
            return Drawn(arguments, CausalDescription.Read(causal), model, seed);
        var (training, test) = Files(arguments, model, seed);
        return new DasData(
            training,
            test,
            [.. Enumerable.Range(0, training.Examples[0].Sources.Length).Select(number => $"{number}")]
        );
    }

    private (InterchangeDataSet Training, InterchangeDataSet Test) Files(
        ParseResult arguments,
        LoadedModel model,
        uint seed
    )
    {
        var (path, answers) = (arguments.GetValue(_data)!, Answers(arguments, model));
        var isSplit = IsTensors(path) && HasSets(path);
        var training = File(path, isSplit ? TrainingSet : null, model, answers);
        return arguments.GetValue(_test) is { } test
                ? (training, File(test, IsTensors(test) && HasSets(test) ? TestSet : null, model, answers))
            : isSplit ? (training, File(path, TestSet, model, answers))
            : training.Split(arguments.GetValue(_heldOut), seed);
    }

    private DasData Drawn(ParseResult arguments, CausalDescription description, LoadedModel model, uint seed)
    {
        var variables = arguments.GetValue(_variables) ?? [];
        if (Answers(arguments, model) is { IsEmpty: false })
            throw new InterventionException("The answers of a causal model stand in its file: leave --answer out.");
        var examples = CausalDataset.GenerateCounterfactual(
            description.Model,
            arguments.GetValue(_examples),
            new CausalDatasetOptions
            {
                Seed = seed,
                Sampler = CausalSampler.TreeBalanced,
                Variables = [.. variables],
            }
        );
        var data = CausalInterchanges.Of(description, examples, model, variables);
        var (training, test) = data.Split(arguments.GetValue(_heldOut), seed);
        return new DasData(
            training,
            test,
            variables.Length > 0
                ? [.. variables]
                : [.. description.Model.Intermediates.Select(variable => variable.Name)]
        );
    }

    private ImmutableArray<int> Answers(ParseResult arguments, LoadedModel model) =>
        arguments.GetValue(_answerIds) is { } ids
            ? [.. TokenIds.Parse(ids, _answerIds.Name)]
            : [.. (arguments.GetValue(_answers) ?? []).Select(answer => PromptText.Answer(answer, model.Tokenizer))];

    private static InterchangeDataSet File(string path, string? set, LoadedModel model, ImmutableArray<int> answers) =>
        IsTensors(path)
            ? InterchangeTensorFile.Read(path, model, set, answers)
            : InterchangeLineFile.Read(path, model, answers);

    private static bool HasSets(string path) =>
        InterchangeTensorFile.SetsOf(path) is var sets && sets.Contains(TrainingSet) && sets.Contains(TestSet);

    private static bool IsTensors(string path) => path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);
}
