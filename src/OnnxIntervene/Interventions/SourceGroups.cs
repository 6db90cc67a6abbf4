using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Which interventions of a configuration share a source (pyvene's <c>group_key</c>), in the order of the keys.
/// </summary>
internal sealed class SourceGroups
{
    private readonly ImmutableArray<int> _groupOf;

    private SourceGroups(ImmutableArray<int> groupOf, bool areGiven) => (_groupOf, AreGiven) = (groupOf, areGiven);

    /// <summary>How many groups there are.</summary>
    public int Count => _groupOf.IsEmpty ? 0 : _groupOf.Max() + 1;

    /// <summary>Whether the configuration groups its interventions; if not, each is a group.</summary>
    public bool AreGiven { get; }

    /// <exception cref="InterventionException">Some interventions have a group and some have none.</exception>
    public static SourceGroups Of(IntervenableConfig config)
    {
        var keys = config.Representations.Select(item => item.GroupKey).ToList();
        if (keys.TrueForAll(key => key is null))
            return new SourceGroups([.. Enumerable.Range(0, keys.Count)], false);
        if (keys.IndexOf(null) is >= 0 and var odd)
            throw new InterventionException(
                $"{config.Representations[odd]} has no group key, but others have; give all interventions one, or none."
            );
        var order = keys.Distinct().Order().ToList();
        return new SourceGroups([.. keys.Select(key => order.IndexOf(key))], true);
    }

    /// <summary>The group of an intervention.</summary>
    public int Of(int index) => _groupOf[index];

    /// <summary>The interventions of a group.</summary>
    public IEnumerable<int> Members(int group) =>
        Enumerable.Range(0, _groupOf.Length).Where(index => _groupOf[index] == group);
}
