using System.Security.Cryptography;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Studies.Grids;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>What tells a search from others, so that it goes on from its own journal alone.</summary>
internal static class AlignmentIdentity
{
    /// <summary>A text that is the same for the same search alone.</summary>
    public static string Of(
        LoadedModel model,
        AlignmentRequest request,
        IEnumerable<ComponentAddress> sites,
        IEnumerable<AlignmentColumn> columns
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        StudyIdentity.Add(hash, ModelIdentity.At(model.File.Path));
        StudyIdentity.Add(
            hash,
            $"{string.Join(' ', sites)} | {string.Join(' ', columns)} | "
                + $"{string.Join(' ', request.SourcePositions.AsEnumerable())} | {request.AnswerPosition} | "
                + $"{request.Kind} {request.Rank} {string.Join(';', request.Sites)} | "
                + $"{request.Steps} {request.BatchSize} {request.Seed} | {request.Options} | "
                + $"{request.Patience} {request.MeasuresEvery}"
        );
        foreach (var data in new[] { request.Training, request.HeldOut, request.Test }.OfType<InterchangeDataSet>())
            Add(hash, data);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    /// <summary>Adds examples to what is the same.</summary>
    public static void Add(IncrementalHash hash, InterchangeDataSet data)
    {
        StudyIdentity.Add(hash, string.Join(' ', data.Answers));
        foreach (var example in data.Examples)
            Add(hash, example);
    }

    /// <summary>Adds where interventions are in some examples.</summary>
    public static void Add(IncrementalHash hash, InterchangePlace place, InterchangeDataSet data, int interventions)
    {
        foreach (var example in data.Examples)
        {
            var locations = place.LocationsOf([example], interventions);
            foreach (var location in (locations?.Sources ?? []).Concat(locations?.Base ?? []))
                StudyIdentity.Add(hash, Text(location));
            StudyIdentity.Add(hash, $"{place.AnswerPosition?.In(example.Base)}");
        }

        foreach (var rows in place.Subspaces.Rows)
            StudyIdentity.Add(hash, string.Join('/', (rows ?? []).Select(row => string.Join(',', row))));
    }

    private static string Text(UnitLocation? location)
    {
        var heads = location is null || location.Heads.IsDefault ? [] : location.Heads;
        var rows = (location?.Units ?? []).Concat(heads).Select(row => string.Join(',', row));
        return $"{location?.Anchor} {string.Join(';', rows)} {heads.Length}";
    }

    private static void Add(IncrementalHash hash, InterchangeExample example)
    {
        StudyIdentity.Add(hash, $"{example.Label} {example.BaseLabel}");
        foreach (var input in example.Sources.Prepend(example.Base))
        {
            StudyIdentity.Add(hash, input is null ? "none" : input.Inputs.RowShape);
            if (input is not null)
                Add(hash, input);
        }
    }

    private static void Add(IncrementalHash hash, InterchangeInput input)
    {
        foreach (var (_, array) in input.Inputs.Arrays.OrderBy(item => item.Key, StringComparer.Ordinal))
            StudyIdentity.Add(hash, array);
        foreach (var (name, positions) in input.Positions)
            StudyIdentity.Add(hash, $"{name} {string.Join(',', positions)}");
    }
}
