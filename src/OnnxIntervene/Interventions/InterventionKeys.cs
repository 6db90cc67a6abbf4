using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Interventions;

/// <summary>
/// The keys under which pyvene knows a configuration's interventions and names their files (its
/// get_representation_key).
/// </summary>
public static class InterventionKeys
{
    /// <summary>
    /// <c>layer_L_comp_COMPONENT_unit_UNIT_nunit_N#K</c>, K counting equal ones; without the layer where the component
    /// is a path or a tensor's name. Dots, and slashes, which no file's name may have, become underscores.
    /// </summary>
    public static ImmutableArray<string> Of(IntervenableConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        return [.. config.Representations.Select(Key)];

        string Key(RepresentationConfig item)
        {
            var address = ComponentAddress.Parse(item.Layer, item.Component);
            var isPath = address.Stack is null && item.Component.AsSpan().ContainsAny('.', '/');
            var place = $"{(isPath ? "" : $"layer_{address.Layer}_")}comp_{Plain(address.FullName)}";
            var stem = $"{place}_unit_{Plain(item.Unit)}_nunit_{item.MaxNumberOfUnits}";
            var number = counts.GetValueOrDefault(stem);
            counts[stem] = number + 1;
            return $"{stem}#{number}";
        }
    }

    private static string Plain(string text) =>
        string.Concat(text.Select(letter => letter is '.' or '/' or '\\' or ':' ? '_' : letter));
}
