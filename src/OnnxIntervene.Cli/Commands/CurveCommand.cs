using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Reports;
using OnnxIntervene.Reports.Figures;
using OnnxIntervene.Training;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Draws how a training went, from its log.</summary>
internal sealed class CurveCommand
{
    private readonly Argument<string> _log = new("LOG")
    {
        Description = "The log of a training: JSON Lines, as FitOptions.Log and the command iit write them.",
    };
    private readonly ReportOptions _output = new("curve");

    public static Command Create() => new CurveCommand().Build();

    private Command Build()
    {
        var command = new Command(
            "curve",
            "Draw the loss of a training from its log, and the accuracy on held-out examples where it has them; also "
                + "while the training runs. Example: onnx-intervene curve training.jsonl --out curve"
        );
        command.Add(_log);
        _output.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private Task<int> Run(ParseResult arguments, CancellationToken cancellation)
    {
        var path = arguments.GetValue(_log)!;
        _output.Publish(arguments, Of(TrainingLog.Read(path), path), cancellation);
        return Task.FromResult(ExitCodes.Done);
    }

    private static Report Of(TrainingLog log, string path)
    {
        var best = log.HeldOut.MaxBy(measure => measure.Accuracy);
        return new Report
        {
            Title = "How a training went",
            Summary = "The loss of its batches, as means over stretches where there are many, and the accuracy.",
            Facts =
            [
                new("log", path),
                new("batches", $"{log.Batches.Length} in {log.Batches[^1].Epoch + 1} epochs"),
                new("steps", $"{log.Batches[^1].Step}"),
                new("loss", $"{Number(log.Batches[0].Loss)} at first, {Number(log.Batches[^1].Loss)} at last"),
                .. best is null
                    ? Array.Empty<ReportFact>()
                    : [new("best on held-out examples", $"{Number(best.Accuracy)} after epoch {best.Epoch + 1}")],
            ],
            Figures = Figures(log),
            Json = JsonText.Of(log),
        };
    }

    /// <summary>The pictures of a log.</summary>
    public static ImmutableArray<ReportFigure> Figures(TrainingLog log) =>
        [
            new("loss", TrainingCurves.Loss(log)),
            .. TrainingCurves.Accuracy(log) is { } accuracy
                ? [new ReportFigure("accuracy", accuracy)]
                : Array.Empty<ReportFigure>(),
        ];

    private static string Number(double number) => number.ToString("F4", CultureInfo.InvariantCulture);
}
