using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Json;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Grids;

/// <summary>
/// The first line of every journal, by which its study is told from others: <c>{"study": …, "shard": "0/4", "cells":
/// 36, "shard_cells": 9, "command": […]}</c>.
/// </summary>
internal sealed record JournalHeader
{
    /// <summary>What tells the study from others (<see cref="StudyIdentity"/>).</summary>
    public required string Study { get; init; }

    /// <summary>Which part of the study the file is for.</summary>
    public string Shard { get; init; } = SweepShard.Whole.ToString();

    /// <summary>How many cells the study has.</summary>
    public required int Cells { get; init; }

    /// <summary>How many of them the shard has.</summary>
    public required int ShardCells { get; init; }

    /// <summary>The command that runs the study; empty where there is none.</summary>
    public ImmutableArray<string> Command { get; init; } = [];

    /// <summary>The part of the study that a first line names.</summary>
    public static SweepShard ShardOf(JsonPlace header)
    {
        try
        {
            return SweepShard.Parse(header["shard"].Text());
        }
        catch (InterventionException fault)
        {
            throw header["shard"].Fault(fault.Message);
        }
    }

    /// <summary>The command that a first line names.</summary>
    public static ImmutableArray<string> CommandOf(JsonPlace header) =>
        [.. header["command"].Items().Select(word => word.Text())];

    /// <summary>Throws where a file is of another study, or of another part of it.</summary>
    /// <param name="header">The file's first line.</param>
    /// <param name="path">The file.</param>
    /// <param name="study">What tells the study from others.</param>
    /// <param name="shard">The part that the file must be for; null for any.</param>
    /// <exception cref="InterventionException">It is.</exception>
    public static void Check(JsonPlace header, string path, string study, SweepShard? shard)
    {
        if (header["study"].Text() != study)
            throw new InterventionException(
                $"'{path}' holds {header["cells"].Shown} cells of another study "
                    + $"({string.Join(' ', CommandOf(header))}). Choose another folder, or delete the file."
            );
        if (shard is not null && ShardOf(header) is var other && other != shard)
            throw new InterventionException(
                $"'{path}' holds shard {other} of the study, not {shard}. Give the file its name back, or delete it."
            );
    }
}
