using System.Collections.Immutable;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Examples that one run can take together: their inputs have one shape, and they skip the same sources.
/// </summary>
/// <param name="Examples">The examples.</param>
internal sealed record InterchangeBatch(ImmutableArray<InterchangeExample> Examples)
{
    /// <summary>The bases, a row each.</summary>
    public ModelInputs Bases { get; } = ModelInputs.Joined([.. Examples.Select(example => example.Base.Inputs)]);

    /// <summary>The sources, a row each; null where they are skipped.</summary>
    public ImmutableArray<ModelInputs?> Sources { get; } =
    [
        .. Enumerable
            .Range(0, Examples[0].Sources.Length)
            .Select(source =>
                Examples[0].Sources[source] is null
                    ? null
                    : ModelInputs.Joined([.. Examples.Select(example => example.Sources[source]!.Inputs)])
            ),
    ];

    /// <summary>Some examples as batches: in the order in which each kind of batch first stands.</summary>
    public static IEnumerable<InterchangeBatch> Of(IEnumerable<InterchangeExample> examples, int size) =>
        examples
            .GroupBy(ShapeOf)
            .SelectMany(group => group.Chunk(size).Select(chunk => new InterchangeBatch([.. chunk])));

    private static string ShapeOf(InterchangeExample example) =>
        string.Join(
            " | ",
            example.Sources.Select(source => source?.Inputs.RowShape ?? "-").Prepend(example.Base.Inputs.RowShape)
        );
}
