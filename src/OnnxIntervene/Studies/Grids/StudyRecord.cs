using System.Collections.Immutable;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Studies.Grids;

/// <summary>What has been measured so far of a study.</summary>
internal class StudyRecord
{
    private readonly GridStudy _study;
    private readonly SweepShard _shard;
    private readonly float[][] _values;
    private readonly bool[][] _done;
    private readonly Baselines?[] _baselines;

    /// <param name="study">The study.</param>
    /// <param name="shard">The part of it that is to be measured.</param>
    public StudyRecord(GridStudy study, SweepShard shard)
    {
        (_study, _shard) = (study, shard);
        var prompts = Enumerable.Range(0, study.Prompts.Length).ToList();
        _values = [.. prompts.Select(prompt => Filled(study.CellsIn(prompt) * study.Metrics.Length))];
        _done = [.. prompts.Select(prompt => new bool[study.CellsIn(prompt)])];
        _baselines = new Baselines?[prompts.Count];
    }

    /// <summary>How many cells the shard has.</summary>
    public int Total => Enumerable.Range(0, _done.Length).Sum(prompt => Mine(prompt).Count());

    /// <summary>How many of these have been measured.</summary>
    public int Kept => Total - Enumerable.Range(0, _done.Length).Sum(prompt => Missing(prompt).Count());

    /// <summary>The cells of a prompt that are in the shard and not yet measured.</summary>
    public IEnumerable<int> Missing(int prompt) => Mine(prompt).Where(cell => !_done[prompt][cell]);

    /// <summary>Whether a prompt's own runs have been measured.</summary>
    public bool HasBaselines(int prompt) => _baselines[prompt] is not null;

    /// <summary>Keeps what a prompt's own runs measured.</summary>
    public virtual void Keep(int prompt, Baselines baselines) => _baselines[prompt] = baselines;

    /// <summary>Keeps what a cell measured, a number for each metric.</summary>
    public virtual void Keep(int prompt, int cell, ReadOnlySpan<float> values)
    {
        values.CopyTo(_values[prompt].AsSpan(cell * values.Length));
        _done[prompt][cell] = true;
    }

    /// <summary>Makes what was kept so far outlast this process.</summary>
    public virtual void Flush() { }

    /// <summary>The results of the prompts whose own runs have been measured.</summary>
    public ImmutableArray<PromptResult> Results() =>
        [
            .. _baselines.Select(
                (baselines, prompt) =>
                    baselines is null
                        ? Nothing(prompt)
                        : new PromptResult
                        {
                            Baselines = baselines.Metrics,
                            Tops = baselines.Tops,
                            Values = _values[prompt],
                        }
            ),
        ];

    private PromptResult Nothing(int prompt) =>
        new()
        {
            Baselines = [],
            Tops = [],
            Values = _values[prompt],
        };

    private IEnumerable<int> Mine(int prompt) =>
        Enumerable.Range(0, _done[prompt].Length).Where(cell => _shard.Has(_study.Prompts.Length, prompt, cell));

    private static float[] Filled(int count)
    {
        var values = new float[count];
        Array.Fill(values, float.NaN);
        return values;
    }
}

/// <summary>What a prompt's own runs measured.</summary>
/// <param name="Metrics">The metrics of each run, <c>[run][metric]</c>.</param>
/// <param name="Tops">What each run itself answers.</param>
internal sealed record Baselines(ImmutableArray<ImmutableArray<float>> Metrics, ImmutableArray<TopAnswer> Tops);
