using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Studies.Metrics;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What a study measures.</summary>
internal sealed class MetricOptions
{
    private readonly Option<string[]> _metrics;

    /// <param name="usual">The metric where none is asked for.</param>
    /// <param name="needsGradient">Whether only metrics that have a gradient can be measured.</param>
    public MetricOptions(Metric usual, bool needsGradient = false)
    {
        var known = Metric.All.Where(metric => metric.HasGradient || !needsGradient);
        _metrics = new("--metric")
        {
            Description =
                $"What is measured: {string.Join(", ", known.Select(metric => metric.Name))}. Can be given "
                + "several "
                + "times; the first is shown.",
            DefaultValueFactory = _ => [usual.Name],
        };
    }

    public void AddTo(Command command) => command.Add(_metrics);

    public ImmutableArray<Metric> Read(ParseResult arguments) =>
        [.. arguments.GetValue(_metrics)!.Distinct().Select(Metric.Parse)];
}
