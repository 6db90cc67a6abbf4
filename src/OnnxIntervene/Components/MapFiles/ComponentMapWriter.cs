using System.Text.Encodings.Web;
using System.Text.Json;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Components.Inspection;

namespace OnnxIntervene.Components.MapFiles;

/// <summary>Writes component maps, a line for each component.</summary>
internal static class ComponentMapWriter
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write(Stream stream, ComponentMap map, GraphStructure structure)
    {
        using var text = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        text.WriteLine("{\n  \"components\": [");
        var entries = map
            .Components.Select(component => (component.Address, Line: Found(component)))
            .Concat(structure.NotFound.Select(missing => (missing.Address, Line: NotFound(missing))))
            .OrderBy(entry => entry.Address.Stack, StringComparer.Ordinal)
            .ThenBy(entry => entry.Address.Layer)
            .ThenBy(entry => ComponentNames.Order(entry.Address.Name));
        text.WriteLine(string.Join(",\n", entries.Select(entry => "    " + entry.Line)));
        text.WriteLine("  ]\n}");
    }

    private static string Found(Component component)
    {
        var fields = Start(component.Address);

        // A range is two plain numbers; any other place inside an operator keeps its description.
        if (component.Source is SliceSource slice)
        {
            fields.Add("tensor", slice.Value.Name);
            fields.Add("range", new[] { slice.Start, slice.End });
        }
        else
        {
            fields.Add("tensor", component.Source.Description);
        }

        if (component.Width > 0 || component.Heads > 0)
            fields.Add("width", component.Width);
        if (component.Heads > 0)
            fields.Add("heads", component.Heads);
        fields.Add("unit", component.Unit);
        return JsonSerializer.Serialize(fields, s_options);
    }

    private static string NotFound(UnfoundComponent missing)
    {
        var fields = Start(missing.Address);
        fields.Add("tensor", null);
        fields.Add("reason", missing.Reason);
        fields.Add(
            "candidates",
            missing.Candidates.Select(candidate => new Dictionary<string, object>
            {
                ["tensor"] = candidate.Tensor,
                ["width"] = candidate.Width,
                ["why"] = candidate.Why,
            })
        );
        return JsonSerializer.Serialize(fields, s_options);
    }

    private static Dictionary<string, object?> Start(ComponentAddress address) =>
        new() { ["layer"] = address.Layer, ["component"] = address.FullName };
}
