using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Studies.Metrics;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What a study measures.</summary>
internal sealed class MetricOptions
{
    private readonly Option<string[]> _metrics;

    /// <param name="usual">The metric where none is asked for.</param>
    public MetricOptions(Metric usual)
    {
        _metrics = new("--metric")
        {
            Description =
                $"What is measured: {string.Join(", ", Metric.All.Select(metric => metric.Name))}. Can be given "
                + "several "
                + "times; the first is shown.",
            DefaultValueFactory = _ => [usual.Name],
        };
    }

    public void AddTo(Command command) => command.Add(_metrics);

    public ImmutableArray<Metric> Read(ParseResult arguments) =>
        [.. arguments.GetValue(_metrics)!.Distinct().Select(Metric.Parse)];
}
