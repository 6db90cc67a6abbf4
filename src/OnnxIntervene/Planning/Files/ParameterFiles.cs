using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning.Files;

/// <summary>
/// Arrays and parameters that a run's file holds, or that it names in files beside it. No name may lead out of the
/// file's folder, by its text or by a link.
/// </summary>
internal sealed class ParameterFiles(string file)
{
    private readonly FolderBoundary _boundary = FolderBoundary.Around(file);

    /// <summary>An array: a number, rows in rows, or <c>"file.safetensors#name"</c>.</summary>
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
        var tensors = Open(parts[0], path);
        var prefix = parts.Length > 1 ? parts[1] : "";
        return tensors
            .Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(name => name[prefix.Length..].TrimStart('.', '/'), tensors.Read);
    }

    /// <summary>The full path of a file or folder beside the run's file.</summary>
    /// <exception cref="InterventionException">The name leads out of the folder.</exception>
    public string Inside(string name, string path)
    {
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
            throw ConfigField.Fault(path, "the name of a file beside the configuration is expected");
        if (Path.IsPathRooted(name) || !_boundary.Includes(name))
            throw ConfigField.Fault(path, $"'{name}' leaves the configuration's folder");
        var full = Path.GetFullPath(name, _boundary.Folder);
        if (!_boundary.Holds(full))
            throw ConfigField.Fault(path, $"'{name}' is a link that leaves the configuration's folder");
        return full;
    }

    private SafetensorsFile Open(string name, string path) => SafetensorsFile.Open(Inside(name, path));
}
