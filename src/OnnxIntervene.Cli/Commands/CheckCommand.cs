using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Checking;
using OnnxIntervene.Checking.Laws;
using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Components.MapFiles;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Proves a model's components by laws that hold for them alone.</summary>
internal sealed class CheckCommand
{
    private readonly ModelOptions _model = new();
    private readonly Option<string?> _prompts = new("--prompts")
    {
        Description = "A file of texts, one a line: the model is run on each and the next. Default: random inputs.",
    };
    private readonly Option<string?> _base = new("--base-file")
    {
        Description = "Inputs to change, by name: .safetensors, .npz or .npy. Needs --source-file.",
    };
    private readonly Option<string?> _source = new("--source-file")
    {
        Description = "Inputs of the same sizes and with other contents, to take values from.",
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    public static Command Create() => new CheckCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "check",
            "Prove on the model itself, without a reference, that its components are what their names say: values of "
                + "one run are written into another, and laws are tested that hold for the right tensors alone. Exit "
                + "code 1 when a law is contradicted. Example: onnx-intervene check model.onnx"
        );
        _model.AddTo(command);
        foreach (var option in new Option[] { _prompts, _base, _source, _json })
            command.Add(option);
        command.SetAction((arguments, cancellation) => Task.FromResult(Run(arguments, cancellation)));
        return command;
    }

    private int Run(ParseResult arguments, CancellationToken cancellation)
    {
        var terminal = Terminal.Of(arguments);
        using var model = _model.Load(arguments, usesRecord: false);
        var pairs = Pairs(arguments, model);
        var findings = new List<LawFinding>();
        using (var line = new ProgressLine(terminal.Error, "layers checked"))
        {
            foreach (var pair in pairs)
                findings.AddRange(model.Components.Check(model, pair, new LayerProgress(line), cancellation).Findings);
        }

        var report = new CheckReport([.. findings]);
        new CheckOutcome(model, report).Write(terminal, arguments.GetValue(_json));
        // What a map of the user's own contradicts says nothing of what is found without it.
        if (_model.Map(arguments).Entries.IsEmpty)
            CheckRecordFile.Write(model.File.Path, report.ToRecord(model.Components));
        return report.IsSound ? ExitCodes.Done : ExitCodes.Request;
    }

    private List<CheckInputs?> Pairs(ParseResult arguments, LoadedModel model)
    {
        var (@base, source) = (arguments.GetValue(_base), arguments.GetValue(_source));
        if ((@base is null) != (source is null))
            throw new InterventionException("--base-file and --source-file are given together.");
        if (@base is not null)
            return [new CheckInputs(InputFile.Read(@base, model.Model), InputFile.Read(source!, model.Model))];
        if (arguments.GetValue(_prompts) is not { } path)
            return [null];
        var texts = InputFile.ReadTexts(path);
        if (texts.Length < 2)
            throw new InterventionException($"'{path}' holds {texts.Length} texts; at least 2 are needed, one a line.");
        var tokens = texts.Select(text => model.Tokenizer.Encode(text).Ids).ToList();
        return [.. tokens.Zip(tokens.Skip(1), Pair)];
    }

    // Of two texts, as many tokens as the shorter has.
    private static CheckInputs Pair(ImmutableArray<int> first, ImmutableArray<int> second)
    {
        var length = Math.Min(first.Length, second.Length);
        return new CheckInputs(
            ModelInputs.FromTokens([.. first.Take(length)]),
            ModelInputs.FromTokens([.. second.Take(length)])
        );
    }

    private sealed class LayerProgress(ProgressLine line) : IProgress<(int Done, int All)>
    {
        public void Report((int Done, int All) value) => line.Report(new SweepProgress(value.Done, value.All));
    }
}
