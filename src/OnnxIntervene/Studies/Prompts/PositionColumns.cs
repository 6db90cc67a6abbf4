using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Studies.Prompts;

/// <summary>The positions that a study looks at, as columns that all its prompts have in common.</summary>
internal sealed class PositionColumns
{
    /// <summary>The name of every prompt's last position.</summary>
    public const string Last = "last";

    private readonly ImmutableArray<StudyPrompt> _prompts;
    private readonly ImmutableArray<int> _positions;
    private readonly ImmutableArray<string> _names;

    private PositionColumns(
        ImmutableArray<StudyPrompt> prompts,
        ImmutableArray<int> positions,
        ImmutableArray<string> names
    ) => (_prompts, _positions, _names) = (prompts, positions, names);

    /// <summary>Checks positions against prompts.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="positions">Positions as numbers; all when empty.</param>
    /// <param name="names">Names of positions, in place of numbers; <c>last</c> is known to every prompt.</param>
    /// <exception cref="InterventionException">A prompt has no such position.</exception>
    public static PositionColumns Of(
        ImmutableArray<StudyPrompt> prompts,
        ImmutableArray<int> positions,
        ImmutableArray<string> names
    )
    {
        if (!positions.IsEmpty && !names.IsEmpty)
            throw new InterventionException(
                "Positions are given as numbers and as names; give them in one way. A prompt's own \"positions\" "
                    + "give a "
                    + "name to any number."
            );
        var columns = new PositionColumns(prompts, positions, names);
        for (var prompt = 0; prompt < prompts.Length; prompt++)
            columns.Check(prompt);
        if (!positions.IsEmpty)
            columns.RequireEqualLengths();
        return columns;
    }

    /// <summary>The columns' labels: names, or numbers.</summary>
    public ImmutableArray<string> Labels => _names.IsEmpty ? [.. Numbers(0).Select(position => $"{position}")] : _names;

    /// <summary>Whether every position of every prompt is looked at.</summary>
    public bool IsWhole => _positions.IsEmpty && _names.IsEmpty;

    /// <summary>The positions of a column in a prompt; a name may stand for several.</summary>
    public ImmutableArray<int> Of(int prompt, int column) =>
        _names.IsEmpty ? [Numbers(prompt)[column]] : Named(prompt, _names[column])!.Value;

    /// <summary>Every position of a prompt that is looked at, each once.</summary>
    public ImmutableArray<int> All(int prompt) =>
        _names.IsEmpty
            ? Numbers(prompt)
            : [.. _names.SelectMany(name => Named(prompt, name)!.Value).Distinct().Order()];

    /// <summary>Throws where columns are numbers, and prompts differ in length.</summary>
    /// <exception cref="InterventionException">They do.</exception>
    public void RequireEqualLengths()
    {
        if (!_names.IsEmpty)
            return;
        for (var prompt = 1; prompt < _prompts.Length; prompt++)
        {
            if (_prompts[prompt].Length != _prompts[0].Length)
                throw new InterventionException(
                    $"Prompt 1 has {_prompts[0].Length} tokens and prompt {prompt + 1} has "
                        + $"{_prompts[prompt].Length}, so "
                        + "their positions are not the same places. Name what they have in common: \"positions\" of "
                        + "each "
                        + "prompt, and the names in place of numbers."
                );
        }
    }

    private ImmutableArray<int> Numbers(int prompt) =>
        _positions.IsEmpty ? [.. Enumerable.Range(0, _prompts[prompt].Length)] : _positions;

    private ImmutableArray<int>? Named(int prompt, string name) =>
        _prompts[prompt].Positions.TryGetValue(name, out var positions) ? positions
        : name == Last ? [_prompts[prompt].Length - 1]
        : null;

    private void Check(int prompt)
    {
        var length = _prompts[prompt].Length;
        if (_positions.Where(position => position < 0 || position >= length).Take(1).ToList() is [var beyond])
            throw new InterventionException(
                $"There is no position {beyond}: "
                    + $"{(_prompts.Length == 1 ? "the prompt has" : $"prompt {prompt + 1} has")} "
                    + $"the positions 0 to {length - 1}."
            );
        foreach (var name in _names.Where(name => Named(prompt, name) is null))
            throw new InterventionException(
                $"Prompt {prompt + 1} has no position named '{name}'. It has: "
                    + $"{string.Join(", ", _prompts[prompt].Positions.Keys.Append(Last).Distinct())}."
            );
    }
}
