using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Checking.Laws;

/// <summary>Layers: each has the same components, or the map says why one lacks some.</summary>
internal static class LayerLaws
{
    private const string Law = "every layer has the same components";

    /// <summary>The law for every layer of a stack.</summary>
    public static IEnumerable<LawFinding> Of(LawContext context, ComponentMap map)
    {
        var names = map
            .Components.Where(component => component.Address.Stack == context.Stack)
            .Select(component => component.Address.Name)
            .Distinct()
            .ToList();
        if (names.Count == 0)
            yield break;
        var known = map.Components.Select(component => component.Address).ToHashSet();
        var reasons = map.Missing.ToLookup(missing => missing.Address, missing => missing.Reason);
        for (var layer = 0; layer < context.LayerCount; layer++)
        {
            var own = new ComponentAddress(layer, names[0]) { Stack = context.Stack };
            var lacking = names.FindAll(name => !known.Contains(own with { Name = name }));
            var unexplained = lacking.Find(name => !reasons.Contains(own with { Name = name }));
            yield return new LawFinding(
                Law,
                layer,
                [own with { Name = unexplained ?? names[0] }],
                unexplained is not null ? LawOutcome.Contradicted
                    : lacking.Count > 0 ? LawOutcome.Untested
                    : LawOutcome.Proved,
                unexplained is not null ? $"it lacks {unexplained}, and nothing says why"
                    : lacking.Count > 0 ? $"{lacking[0]} is missing: {reasons[own with { Name = lacking[0] }].First()}"
                    : ""
            );
        }
    }
}
