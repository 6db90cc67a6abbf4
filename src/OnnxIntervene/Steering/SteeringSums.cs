using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Steering;

/// <summary>
/// Adds up what the texts of a search give under each cell. Cell 0 is the model as it is; each text has a part for each
/// cell, of two numbers: for prompts the projection and the words' probability, for neutral texts the loss of all
/// tokens and how many there are.
/// </summary>
internal sealed class SteeringSums(SteeringSearchRequest request)
{
    /// <summary>How many numbers a part has.</summary>
    public const int Numbers = 2;

    private readonly ImmutableArray<int> _layers = [.. request.Vector.Directions.Keys];
    private readonly double[] _sums = new double[2 * Numbers * CountOf(request)];

    /// <summary>How many cells there are, with the model as it is.</summary>
    public int CellCount { get; } = CountOf(request);

    /// <summary>How many cells a search has.</summary>
    public static int CountOf(SteeringSearchRequest request) =>
        1 + (request.Vector.Directions.Count * request.Coefficients.Length);

    /// <summary>Whether a text is a prompt, and not a neutral text.</summary>
    public bool IsPrompt(int text) => text < request.Prompts.Length;

    /// <summary>The number of a text's part under a cell; neutral texts have numbers of their own.</summary>
    public int PartOf(int text, int cell) => IsPrompt(text) ? cell : CellCount + cell;

    /// <summary>The parts in which the search is kept.</summary>
    public StudyParts PartsIn(LoadedModel model)
    {
        var texts = request.Prompts.Length + request.Neutral.Length;
        return new StudyParts
        {
            Identity = () =>
                StudyIdentity.Of("SteeringSearch", model, Facts(), [.. request.Prompts, .. request.Neutral]),
            Prompts = texts,
            PartsOfPrompt = 2 * CellCount,
            LengthOf = _ => Numbers,
            Count = texts * CellCount,
        };
    }

    /// <summary>Adds a part.</summary>
    public void Add(int text, int part, ReadOnlySpan<float> numbers)
    {
        for (var index = 0; index < Numbers; index++)
            _sums[(part * Numbers) + index] += numbers[index];
    }

    /// <summary>The means over the texts.</summary>
    public SteeringSearchResult ToResult() =>
        new(
            Cell(0),
            _layers,
            request.Coefficients,
            [.. Enumerable.Range(1, CellCount - 1).Select(Cell)],
            !request.Words.IsEmpty,
            _layers[^1]
        );

    private SteeringSearchCell Cell(int cell)
    {
        var prompts = request.Prompts.Length;
        var cost = (CellCount + cell) * Numbers;
        return new SteeringSearchCell(
            cell == 0 ? null : _layers[(cell - 1) / request.Coefficients.Length],
            cell == 0 ? 0 : request.Coefficients[(cell - 1) % request.Coefficients.Length],
            _sums[cell * Numbers] / prompts,
            request.Words.IsEmpty ? double.NaN : _sums[(cell * Numbers) + 1] / prompts,
            Math.Exp(_sums[cost] / _sums[cost + 1])
        );
    }

    // What is tried and measured. Records print arrays by their type, so that numbers are added by themselves.
    private IEnumerable<string> Facts() =>
        [
            $"{request.Prompts.Length} prompts",
            string.Join(',', request.Words),
            string.Join(',', request.Coefficients.Select(number => number.ToString("R", CultureInfo.InvariantCulture))),
            FormattableString.Invariant(
                $"{request.Manner.WhenAbove} {request.Manner.WhenBelow} {request.Manner.KeepsNorm}"
            ),
            .. Vector(request.Vector),
            .. request.Manner.Along is { } along ? Vector(along) : [],
        ];

    private static IEnumerable<string> Vector(SteeringVector vector) =>
        vector
            .Directions.Select(entry =>
                $"{entry.Key} {Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(entry.Value.Floats)))}"
            )
            .Prepend(vector.Component);
}
