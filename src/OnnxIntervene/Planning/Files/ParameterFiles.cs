using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning.Files;

/// <summary>
/// Arrays and parameters that a run's file holds, or that it names in files beside it. No name may lead outside the
/// file's folder.
/// </summary>
internal sealed class ParameterFiles(string folder)
{
    /// <summary>An array: a number, nested lists, or <c>"file.safetensors#name"</c>.</summary>
    public NumericArray Array(JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.String)
            return json.ValueKind == JsonValueKind.Number
                ? NumericArray.Of(new[] { json.GetSingle() }, 1)
                : ConfigField.Array(json, path);
        var reference = json.GetString()!;
        var mark = reference.LastIndexOf('#');
        if (mark <= 0)
            throw ConfigField.Fault(path, $"'{reference}' does not name a tensor; write file.safetensors#name");
        return Open(reference[..mark], path).Read(reference[(mark + 1)..]);
    }

    /// <summary>
    /// An intervention's parameters: an object of arrays, or <c>"file.safetensors"</c> with an optional <c>#prefix</c>
    /// of their names.
    /// </summary>
    public Intervention Intervention(JsonElement json, InterventionType type, string path)
    {
        var parameters = json.ValueKind switch
        {
            JsonValueKind.Object => json.EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => Array(entry.Value, $"{path}.{entry.Name}")),
            JsonValueKind.String => FromFile(json.GetString()!, path),
            _ => throw ConfigField.Fault(path, "an object of arrays, or the name of a .safetensors file, is expected"),
        };
        try
        {
            return InterventionParameters.Create(type, parameters);
        }
        catch (InterventionException fault)
        {
            throw ConfigField.Fault(path, fault.Message.TrimEnd('.'));
        }
    }

    private Dictionary<string, NumericArray> FromFile(string reference, string path)
    {
        var parts = reference.Split('#', 2);
        var file = Open(parts[0], path);
        var prefix = parts.Length > 1 ? parts[1] : "";
        return file
            .Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(name => name[prefix.Length..].TrimStart('.', '/'), file.Read);
    }

    /// <summary>The full path of a file or folder beside the run's file.</summary>
    /// <exception cref="InterventionException">The name leads outside the folder.</exception>
    public string Inside(string name, string path)
    {
        var full = Path.GetFullPath(Path.Combine(folder, name));
        var inside = Path.GetRelativePath(folder, full);
        if (Path.IsPathRooted(name) || inside.StartsWith("..", StringComparison.Ordinal))
            throw ConfigField.Fault(path, $"'{name}' leaves the configuration's folder");
        return full;
    }

    private SafetensorsFile Open(string file, string path) => SafetensorsFile.Open(Inside(file, path));
}
