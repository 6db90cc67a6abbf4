using System.Globalization;
using OnnxIntervene.Execution;
using OnnxIntervene.Numerics;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Studies.Circuits;

/// <summary>
/// Takes the means of the prompts' scores. A prompt's first part is the metric of its two runs; then each receiver is a
/// part, a number for each sender.
/// </summary>
internal sealed class EdgeSums
{
    /// <summary>The number of the part that is the metric of the clean and the corrupt run.</summary>
    public const int Runs = 0;

    private readonly CircuitRequest _request;
    private readonly CircuitGraph _graph;
    private readonly SampleMean[] _scores;
    private readonly SampleMean _clean = new();
    private readonly SampleMean _corrupt = new();

    public EdgeSums(CircuitRequest request, CircuitGraph graph)
    {
        (_request, _graph) = (request, graph);
        _scores = [.. Enumerable.Range(0, graph.EdgeCount).Select(_ => new SampleMean())];
    }

    /// <summary>The number of the part that is a receiver's edges.</summary>
    public static int PartOf(int receiver) => receiver + 1;

    /// <summary>What is kept: each receiver of each prompt.</summary>
    public StudyParts PartsIn(LoadedModel model) =>
        new()
        {
            Identity = () =>
                StudyIdentity.Of(
                    nameof(EdgeAttribution),
                    model,
                    [_request.Metric.Name, _request.Steps.ToString(CultureInfo.InvariantCulture)],
                    _request.Prompts
                ),
            Prompts = _request.Prompts.Length,
            PartsOfPrompt = PartOf(_graph.Receivers.Length),
            Count = _request.Prompts.Length * PartOf(_graph.Receivers.Length),
            LengthOf = part => part == Runs ? 2 : _graph.Receivers[part - 1].Senders,
        };

    /// <summary>Counts a part of a prompt.</summary>
    public void Add(int prompt, int part, ReadOnlySpan<float> numbers)
    {
        if (part == Runs)
        {
            _clean.Add(numbers[0]);
            _corrupt.Add(numbers[1]);
            return;
        }

        var first = _graph.FirstEdge(part - 1);
        for (var sender = 0; sender < numbers.Length; sender++)
            _scores[first + sender].Add(numbers[sender]);
    }

    /// <summary>What was found.</summary>
    public EdgeScores ToScores() =>
        new(
            [
                .. _graph
                    .Edges.Zip(_scores, (edge, score) => new ScoredEdge(edge, score.Mean, score.StandardError))
                    .OrderByDescending(scored => Math.Abs(scored.Score)),
            ],
            _clean,
            _corrupt
        );
}
