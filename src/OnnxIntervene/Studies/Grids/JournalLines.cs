using System.Collections.Immutable;
using OnnxIntervene.Json;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Grids;

/// <summary>
/// The lines of a journal of cells: after the first one (<see cref="JournalHeader"/>) for each prompt
/// <c>{"prompt": 0, "runs": [[…]], "tops": [[token, probability]]}</c>, and for each cell
/// <c>{"prompt": 0, "cell": 7, "values": […]}</c>. Numbers that are not finite are texts.
/// </summary>
internal sealed class JournalLines(string path, GridStudy study)
{
    /// <summary>The first line.</summary>
    public string Header(SweepOptions options, int shardCells) =>
        JournalWriter.Line(
            new JournalHeader
            {
                Study = study.Identity,
                Shard = options.Shard.ToString(),
                Cells = Enumerable.Range(0, study.Prompts.Length).Sum(study.CellsIn),
                ShardCells = shardCells,
                Command = options.Command,
            }
        );

    /// <summary>A prompt's line.</summary>
    public static string Of(int prompt, Baselines baselines) =>
        JournalWriter.Line(
            new
            {
                prompt,
                Runs = baselines.Metrics,
                Tops = baselines.Tops.Select(top => new[] { top.Id, top.Probability }),
            }
        );

    /// <summary>A cell's line.</summary>
    public static string Of(int prompt, int cell, ReadOnlySpan<float> values) =>
        JournalWriter.Line(
            new
            {
                prompt,
                cell,
                Values = values.ToArray(),
            }
        );

    /// <summary>Reads a line.</summary>
    /// <param name="line">What it says.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="record">Receives what it says.</param>
    /// <param name="shard">The part of the study that the file must be for; null for any.</param>
    public void ReadInto(JsonPlace line, int number, StudyRecord record, SweepShard? shard = null)
    {
        if (number == 1)
            JournalHeader.Check(line, path, study.Identity, shard);
        else
            Read(line, record);
    }

    private void Read(JsonPlace place, StudyRecord record)
    {
        var prompt = place["prompt"].Integer(0, study.Prompts.Length - 1);
        if (place.Find("cell") is { } cell)
            record.Keep(
                prompt,
                cell.Integer(0, study.CellsIn(prompt) - 1),
                Numbers(place["values"], study.Metrics.Length)
            );
        else
            record.Keep(
                prompt,
                new Baselines(
                    [.. place["runs"].Items().Select(run => Numbers(run, study.Metrics.Length).ToImmutableArray())],
                    [.. place["tops"].Items().Select(TopOf)]
                )
            );
    }

    private static TopAnswer TopOf(JsonPlace place)
    {
        var numbers = Numbers(place, 2);
        return new TopAnswer((int)numbers[0], numbers[1]);
    }

    private static float[] Numbers(JsonPlace place, int count)
    {
        float[] numbers = [.. place.Items().Select(Number)];
        return numbers.Length == count ? numbers : throw place.Fault($"{count} numbers are expected");
    }

    private static float Number(JsonPlace place) => place.NotFinite() is { } named ? (float)named : place.Single();
}
