using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Grids;

/// <summary>
/// A study whose result is grids of numbers: for each prompt some runs that cells start from, and cells that differ
/// from these in what they write.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="prompts">The prompts.</param>
/// <param name="metrics">What is read off each run; the first is the one that matters.</param>
internal abstract class GridStudy(
    LoadedModel model,
    ImmutableArray<StudyPrompt> prompts,
    ImmutableArray<Metric> metrics
)
{
    private string? _identity;

    public LoadedModel Model { get; } = model;

    /// <summary>What tells it from other studies; the model's file is read for it once.</summary>
    public string Identity => _identity ??= StudyIdentity.Of(this);

    public ImmutableArray<StudyPrompt> Prompts { get; } = prompts;

    public ImmutableArray<Metric> Metrics { get; } = metrics;

    /// <summary>What is written besides prompts, sites and metrics: what tells one such study from another.</summary>
    public abstract string Description { get; }

    /// <summary>What the results show.</summary>
    public abstract ImmutableArray<GridLayout> Layouts { get; }

    /// <summary>The components that cells write.</summary>
    public abstract ImmutableArray<ComponentAddress> Sites { get; }

    /// <summary>What the runs after the clean one are.</summary>
    public abstract CorruptRuns CorruptRuns { get; }

    /// <summary>The runs that a prompt's cells start from; the first is the clean one.</summary>
    public abstract ImmutableArray<SweepBase> BasesOf(int prompt);

    /// <summary>How many cells a prompt has.</summary>
    public abstract int CellsIn(int prompt);

    /// <summary>Where a cell belongs; cells of one place are averaged.</summary>
    public abstract GridPlace PlaceOf(int prompt, int cell);

    /// <summary>A cell; its base is counted among the prompt's own.</summary>
    public abstract SweepCell CellOf(PromptBases bases, int prompt, int cell);

    /// <summary>Whether units of attention probabilities are queries of heads, not whole heads.</summary>
    public virtual bool CountsQueries => false;

    /// <summary>Whether every prompt's own runs are needed, whichever cells are to be measured.</summary>
    public virtual bool NeedsAll => false;

    /// <summary>Sees the bases of every prompt before any cell is run.</summary>
    public virtual void Observe(PromptBases bases, int prompt) { }

    /// <summary>Computes what the prompt's cells write, before they are asked for and run.</summary>
    public virtual void Prepare(PromptBases bases, int prompt, CancellationToken cancellation) { }

    /// <summary>Lets go of what was prepared.</summary>
    public virtual void Forget(int prompt) { }

    /// <summary>What a prompt's runs themselves answer: the clean one first.</summary>
    public virtual ImmutableArray<TopAnswer> TopsOf(PromptBases bases) =>
        [.. Enumerable.Range(0, bases.Count).Select(index => TopAnswer.Of(bases.LogitsOf(index)))];

    /// <summary>Throws where the runs that cells are compared with leave nothing to measure.</summary>
    public virtual void Check(ImmutableArray<PromptResult> results) { }
}

/// <summary>What the runs after a prompt's clean one are.</summary>
public enum CorruptRuns
{
    /// <summary>There are none to compare with.</summary>
    None,

    /// <summary>Runs of the corrupt prompt.</summary>
    Prompts,

    /// <summary>Runs of the clean prompt with noise.</summary>
    Noise,
}
