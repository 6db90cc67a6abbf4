using System.Text.Json;

namespace OnnxIntervene.Splicing;

/// <summary>Describes the sites of a written model, as JSON for its metadata.</summary>
internal static class SiteDescriptions
{
    private static readonly JsonSerializerOptions s_format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static string Json(IEnumerable<SitePorts> sites) =>
        JsonSerializer.Serialize(sites.Select(Describe), s_format);

    private static object Describe(SitePorts site) =>
        new
        {
            site.Component.Address.Layer,
            Component = site.Component.Address.FullName,
            Kind = site.Site.Type.ClassName,
            Tensor = site.Component.Source.Description,
            Inputs = Inputs(site).ToDictionary(entry => entry.Name, entry => entry.Meaning),
            Outputs = site.Read is { } read
                ? new Dictionary<string, string>
                {
                    [read] = "float32 [units, width]: the values at the read locations before the intervention",
                }
                : [],
        };

    private static IEnumerable<(string Name, string Meaning)> Inputs(SitePorts site)
    {
        var isAlways = site.Site.Selection == SiteSelection.Always;
        var isWhole = isAlways || site.Site.Selection == SiteSelection.Whole;
        var unit =
            site.LocationWidth == 3
                ? site.Component.Heads > 0
                    ? "example, position, head"
                    : "example, entry of axis 1, entry of axis 2"
                : $"example, {UnitName(site.Component.Unit)}";
        if (site.ReadLocations is { } reads)
            yield return (
                reads,
                $"int64 [units, {site.LocationWidth}]: ({unit}) of each unit to read; none by default"
            );
        if (site.WriteLocations is { } writes)
            yield return (
                writes,
                $"int64 [units, {site.LocationWidth}]: ({unit}) of each unit to change; none by default"
            );
        if (site.Source is { } source)
            yield return (
                source,
                isWhole
                    ? $"float32 [batch or 1, position or 1, {(site.Component.Heads > 0 ? "heads or 1, " : "")}width]: "
                        + "the source"
                    : $"float32 [{Rows(site.Site.UnitsPerRow)}, width]: the source of each"
            );
        if (site.Coefficient is { } coefficient)
            yield return (
                coefficient,
                isWhole
                    ? "float32 [batch or 1, 1, …]: what the source is multiplied with"
                        + (isAlways ? "" : "; 0 by default")
                    : "float32 [units, 1]: what the source of each is multiplied with"
            );
        if (site.Mask is { } mask)
            yield return (mask, "bool [rows or 1, dimensions or 1]: which dimensions are changed; all by default");
        if (site.Switch is { } active)
            yield return (active, "float32 [1]: 1 where the intervention acts; 0 by default");
        foreach (var parameter in site.Parameters)
            yield return (parameter.Input, $"float32 [{string.Join(", ", parameter.Shape)}]: {parameter.Name}");
    }

    private static string UnitName(string unit) =>
        unit switch
        {
            "h" => "head",
            "t" => "step",
            _ => "position",
        };

    private static string Rows(int unitsPerRow) => unitsPerRow > 1 ? $"rows of {unitsPerRow} units" : "units";
}
