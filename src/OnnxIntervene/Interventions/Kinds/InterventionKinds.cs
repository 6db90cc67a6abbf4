using System.Collections.Immutable;
using System.Reflection;

namespace OnnxIntervene.Interventions.Kinds;

/// <summary>
/// The kinds of intervention: what the files of this folder add to <see cref="InterventionType"/> as a
/// static property, so that no other list needs editing.
/// </summary>
internal static class InterventionKinds
{
    private static readonly ImmutableDictionary<string, InterventionType> s_byName = typeof(InterventionType)
        .GetProperties(BindingFlags.Public | BindingFlags.Static)
        .Where(property => property.PropertyType == typeof(InterventionType))
        .Select(property => (InterventionType)property.GetValue(null)!)
        .ToImmutableDictionary(type => type.Name, StringComparer.Ordinal);

    /// <summary>Every kind, sorted by name: reflection guarantees no order.</summary>
    public static ImmutableArray<InterventionType> All { get; } =
    [.. s_byName.Values.OrderBy(type => type.Name, StringComparer.Ordinal)];

    /// <summary>The kind with a short name; null where there is none.</summary>
    public static InterventionType? Find(string name) => s_byName.GetValueOrDefault(name);
}
