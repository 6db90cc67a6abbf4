using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Alignment;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Distributed alignment search.</summary>
internal sealed class DasCommand
{
    private const string Folder = "intervention";

    private readonly ModelOptions _model = new();
    private readonly SweepRunOptions _runs = new();
    private readonly ReportOptions _output = new("das");
    private readonly DasDataOptions _data = new();
    private readonly DasTrainingOptions _training = new();
    private readonly DasSiteOptions _sites = new();
    private readonly Option<bool> _explain = new("--explain")
    {
        Description = "Only tell for each layer what is computed once, and what a step of the training takes.",
    };

    public static Command Create() => new DasCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "das",
            "Distributed alignment search: at which layer and position is a variable of a causal model, and in which "
                + "directions? A rotation (or another --kind) is trained in each cell, and its interchange accuracy "
                + "measured on other examples, beside doing nothing and a random rotation. Example: onnx-intervene das "
                + "--causal pronoun.json --variable gender --positions name,last --rank 4. From files: onnx-intervene "
                + "das model.onnx --data pairs.safetensors --answer-ids 358,359 --positions 27-31"
        );
        _model.AddTo(command);
        _data.AddTo(command);
        _sites.AddTo(command);
        _training.AddTo(command);
        command.Add(_explain);
        _runs.AddPartsTo(command);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        using var loaded = _model.Load(arguments);
        var data = _data.Read(arguments, loaded, _training.Seed(arguments));
        var request = _sites.Placed(_training.Request(arguments, data.Training, data.Test), arguments, data.Variables);
        if (arguments.GetValue(_explain))
            return Explain(arguments, loaded, request, cancellation);
        return new StudyRun<AlignmentResult>(_runs, _output)
        {
            Verb = "Training, steps",
            Run = (options, progress) =>
                AlignmentSearch.Run(
                    loaded,
                    request,
                    progress,
                    new AlignmentOptions
                    {
                        Sweep = options,
                        Folder = FolderOf(_output.Folder(arguments), options.Shard),
                    },
                    cancellation
                ),
            Progress = journals => AlignmentSearch.Progress(loaded, request, journals),
            Merge = journals => Merged(AlignmentSearch.Merge(loaded, request, journals), arguments, journals),
            Report = (result, _) =>
                DasReport.Create(request, result, loaded, FolderOf(_output.Folder(arguments), SweepShard.Whole)),
        }.Execute(arguments, cancellation);
    }

    private Task<int> Explain(
        ParseResult arguments,
        LoadedModel model,
        AlignmentRequest request,
        CancellationToken cancellation
    )
    {
        var layers = AlignmentSearch.Explain(model, request, cancellation);
        var terminal = Terminal.Of(arguments);
        if (_output.IsJson(arguments))
            terminal.Output.WriteJson(JsonText.Of(new { Layers = layers }));
        else
            terminal.WriteFacts([.. layers.Select(layer => ($"layer {layer.Layer}", $"{layer.Training}"))]);
        return Task.FromResult(ExitCodes.Done);
    }

    private AlignmentResult Merged(AlignmentResult result, ParseResult arguments, IReadOnlyList<string> journals)
    {
        AlignmentSearch.CopyBest(
            result,
            journals
                .Select(path => (Path: path, JournalProgress.Read(path).Shard))
                .Select(part => (part.Shard, FolderOf(Path.GetDirectoryName(part.Path)!, part.Shard))),
            FolderOf(_output.Folder(arguments), SweepShard.Whole)
        );
        return result;
    }

    private static string FolderOf(string folder, SweepShard shard) =>
        Path.Combine(folder, shard.Count == 1 ? Folder : $"{Folder}.shard-{shard.Index}-of-{shard.Count}");
}
