using System.Collections.Immutable;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Examples that one run can take together: their inputs have one shape, and they skip the same sources. Their arrays
/// are joined when they are first asked for.
/// </summary>
/// <param name="examples">The examples.</param>
internal sealed class InterchangeBatch(ImmutableArray<InterchangeExample> examples)
{
    private ImmutableArray<ModelInputs?> _sources;

    /// <summary>The examples.</summary>
    public ImmutableArray<InterchangeExample> Examples { get; } = examples;

    /// <summary>The bases, a row each.</summary>
    public ModelInputs Bases => field ??= ModelInputs.Joined([.. Examples.Select(example => example.Base.Inputs)]);

    /// <summary>The sources, a row each; null where they are skipped.</summary>
    public ImmutableArray<ModelInputs?> Sources =>
        _sources.IsDefault ? _sources = [.. Enumerable.Range(0, Examples[0].Sources.Length).Select(Joined)] : _sources;

    /// <summary>Some examples as batches: in the order in which each kind of batch first stands.</summary>
    public static IEnumerable<InterchangeBatch> Of(IEnumerable<InterchangeExample> examples, int size) =>
        Kinds(examples).SelectMany(kind => Of(kind, size));

    /// <summary>Examples of one kind as batches.</summary>
    public static IEnumerable<InterchangeBatch> Of(InterchangeExample[] kind, int size) =>
        kind.Chunk(size).Select(chunk => new InterchangeBatch([.. chunk]));

    /// <summary>The kinds of examples that can stand in one batch.</summary>
    public static IEnumerable<InterchangeExample[]> Kinds(IEnumerable<InterchangeExample> examples) =>
        examples.GroupBy(ShapeOf).Select(group => group.ToArray());

    private ModelInputs? Joined(int source) =>
        Examples[0].Sources[source] is null
            ? null
            : ModelInputs.Joined([.. Examples.Select(example => example.Sources[source]!.Inputs)]);

    private static string ShapeOf(InterchangeExample example) =>
        string.Join(
            " | ",
            example.Sources.Select(source => source?.Inputs.RowShape ?? "-").Prepend(example.Base.Inputs.RowShape)
        );
}
