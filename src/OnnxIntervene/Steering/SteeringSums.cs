using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Steering;

/// <summary>
/// Adds up what the texts of a search give under each cell. Each part has two numbers: a prompt under a cell the
/// projection and the words' probability, a neutral text under a cell the loss of all tokens and how many there are, a
/// text generated after a prompt how many of its words are in the bag and how many it has.
/// </summary>
internal sealed class SteeringSums(SteeringSearchRequest request, SteeringGrid grid)
{
    /// <summary>How many numbers a part has.</summary>
    public const int Numbers = 2;

    private readonly int _samples = request.Generated?.Samples ?? 0;
    private readonly double[] _effects = new double[Numbers * grid.Count];
    private readonly double[] _costs = new double[Numbers * grid.Count];
    private readonly double[] _words = new double[Numbers * grid.Count];
    private readonly int[] _matchedTexts = new int[grid.Count];

    /// <summary>The parts of a prompt, one for each cell.</summary>
    public Range EffectParts => 0..grid.Count;

    /// <summary>The parts of a neutral text, one for each cell.</summary>
    public Range CostParts => grid.Count..(2 * grid.Count);

    /// <summary>The parts of what is generated after a prompt, some for each cell.</summary>
    public Range GeneratedParts => (2 * grid.Count)..((2 + _samples) * grid.Count);

    /// <summary>How many parts there are.</summary>
    public int Count => grid.Count * ((request.Prompts.Length * (1 + _samples)) + request.Neutral.Length);

    /// <summary>The parts in which the search is kept.</summary>
    public StudyParts PartsIn(LoadedModel model) =>
        new()
        {
            Identity = () =>
                StudyIdentity.Of("SteeringSearch", model, Facts(), [.. request.Prompts, .. request.Neutral]),
            Prompts = request.Prompts.Length + request.Neutral.Length,
            PartsOfPrompt = GeneratedParts.End.Value,
            LengthOf = _ => Numbers,
            Count = Count,
        };

    /// <summary>Adds a part.</summary>
    public void Add(int text, int part, ReadOnlySpan<float> numbers)
    {
        var generated = part - GeneratedParts.Start.Value;
        var (sums, cell) =
            part < grid.Count ? (_effects, part)
            : generated < 0 ? (_costs, part - grid.Count)
            : (_words, generated / _samples);
        for (var index = 0; index < Numbers; index++)
            sums[(cell * Numbers) + index] += numbers[index];
        if (generated >= 0 && numbers[0] > 0)
            _matchedTexts[cell]++;
    }

    /// <summary>The means over the texts.</summary>
    public SteeringSearchResult ToResult() =>
        new(
            Cell(0),
            grid.Layers,
            request.Coefficients,
            [.. Enumerable.Range(1, grid.Count - 1).Select(Cell)],
            request.Score,
            grid.Layers[^1]
        );

    private SteeringSearchCell Cell(int cell)
    {
        var (prompts, first) = (request.Prompts.Length, cell * Numbers);
        var found = new SteeringSearchCell(
            grid.LayerOf(cell),
            grid.CoefficientOf(cell),
            _effects[first] / prompts,
            request.Words.IsEmpty ? double.NaN : _effects[first + 1] / prompts,
            Math.Exp(_costs[first] / _costs[first + 1])
        );
        return _samples == 0
            ? found
            : found with
            {
                WordShare = _words[first + 1] == 0 ? 0 : _words[first] / _words[first + 1],
                TextShare = (double)_matchedTexts[cell] / (prompts * _samples),
            };
    }

    // What is tried and measured. Records print arrays by their type, so that numbers are added by themselves.
    private IEnumerable<string> Facts() =>
        [
            $"{request.Prompts.Length} prompts",
            string.Join(',', request.Words),
            Joined(request.Coefficients),
            FormattableString.Invariant($"{request.Manner.WhenAbove} {request.Manner.WhenBelow}"),
            FormattableString.Invariant($"{request.Manner.KeepsNorm} {request.Manner.Clamp}"),
            .. Vector(request.Vector),
            .. request.Manner.Along is { } along ? Vector(along) : [],
            .. request.Generated?.Facts ?? [],
        ];

    private static IEnumerable<string> Vector(SteeringVector vector) =>
        vector
            .Directions.Select(entry =>
                $"{entry.Key} {Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(entry.Value.Floats)))}"
            )
            .Prepend(vector.Component);

    private static string Joined(ImmutableArray<float> numbers) =>
        string.Join(',', numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture)));
}
