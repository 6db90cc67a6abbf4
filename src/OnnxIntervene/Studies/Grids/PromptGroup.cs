using System.Collections.Immutable;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Grids;

/// <summary>Prompts of one shape whose runs are a sweep together. Compared by identity.</summary>
internal sealed class PromptGroup
{
    private readonly ImmutableDictionary<int, (int First, int Count)> _bases;

    private PromptGroup(
        ImmutableArray<int> prompts,
        ImmutableArray<SweepBase> bases,
        ImmutableDictionary<int, (int First, int Count)> numbers
    ) => (Prompts, Bases, _bases) = (prompts, bases, numbers);

    public static PromptGroup Empty { get; } = new([], [], ImmutableDictionary<int, (int First, int Count)>.Empty);

    /// <summary>The prompts.</summary>
    public ImmutableArray<int> Prompts { get; }

    /// <summary>The runs of all of them.</summary>
    public ImmutableArray<SweepBase> Bases { get; }

    /// <summary>The number of a prompt's first run, and how many it has.</summary>
    public (int First, int Count) BasesOf(int prompt) => _bases[prompt];

    /// <summary>The same with one more prompt.</summary>
    public PromptGroup With(int prompt, ImmutableArray<SweepBase> bases) =>
        new(Prompts.Add(prompt), Bases.AddRange(bases), _bases.Add(prompt, (Bases.Length, bases.Length)));
}
