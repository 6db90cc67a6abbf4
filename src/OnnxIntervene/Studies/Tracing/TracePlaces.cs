using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;

namespace OnnxIntervene.Studies.Tracing;

/// <summary>Which positions of each prompt are restored, and in which column each counts.</summary>
internal sealed class TracePlaces
{
    // As in the figures of Meng et al. 2022.
    private static readonly ImmutableArray<string> s_roles =
    [
        "first subject token",
        "middle subject tokens",
        "last subject token",
        "first subsequent token",
        "further tokens",
        "last token",
    ];

    private readonly ImmutableArray<ImmutableArray<TracePlace>> _places;

    private TracePlaces(ImmutableArray<string> labels, IEnumerable<ImmutableArray<TracePlace>> places) =>
        (Labels, _places) = (labels, [.. places]);

    /// <summary>The columns' labels.</summary>
    public ImmutableArray<string> Labels { get; }

    /// <summary>The places of a prompt.</summary>
    public ImmutableArray<TracePlace> Of(int prompt) => _places[prompt];

    /// <summary>Finds them.</summary>
    /// <exception cref="InterventionException">A prompt has no such positions, or no subject.</exception>
    public static TracePlaces Of(CausalTraceRequest request)
    {
        var prompts = Enumerable.Range(0, request.Prompts.Length);
        if (request.Columns == TraceColumns.Roles)
            return new TracePlaces(s_roles, prompts.Select(prompt => Roles(request.Prompts[prompt], prompt)));
        if (request.Columns == TraceColumns.Names && request.PositionNames.IsEmpty)
            throw new InterventionException("Columns are named positions, but no names are given.");
        var names = request.Columns == TraceColumns.Names ? request.PositionNames : [];
        var columns = PositionColumns.Of(request.Prompts, [], names);
        columns.RequireEqualLengths();
        return new TracePlaces(
            columns.Labels,
            prompts.Select(prompt =>
                Enumerable
                    .Range(0, columns.Labels.Length)
                    .Select(column => new TracePlace(column, columns.Of(prompt, column)))
                    .ToImmutableArray()
            )
        );
    }

    private static ImmutableArray<TracePlace> Roles(StudyPrompt prompt, int number)
    {
        if (!prompt.Positions.TryGetValue(CausalTraceRequest.Subject, out var subject))
            throw new InterventionException($"Prompt {number + 1} has no subject, so its tokens have no roles to it.");
        var (first, last, end) = (subject.Min(), subject.Max(), prompt.Length - 1);
        return
        [
            Place(0, first),
            .. Enumerable.Range(first + 1, Math.Max(0, last - first - 1)).Select(position => Place(1, position)),
            Place(2, last),
            .. last < end ? new[] { Place(3, last + 1) } : [],
            .. Enumerable.Range(last + 2, Math.Max(0, end - last - 2)).Select(position => Place(4, position)),
            Place(5, end),
        ];
    }

    private static TracePlace Place(int column, int position) => new(column, [position]);
}

/// <summary>Positions that are restored together.</summary>
/// <param name="Column">The column in which they count.</param>
/// <param name="Positions">The positions.</param>
internal readonly record struct TracePlace(int Column, ImmutableArray<int> Positions);
