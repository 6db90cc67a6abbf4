using OnnxIntervene.Formats;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning.Files;

/// <summary>
/// Arrays and parameters that a run's file holds, or that it names in files beside it. No name may lead out of the
/// file's folder, by its text or by a link.
/// </summary>
internal sealed class ParameterFiles(string file)
{
    private readonly FolderBoundary _boundary = FolderBoundary.Around(file);
    private readonly SortedSet<string> _opened = new(StringComparer.Ordinal);

    /// <summary>The files beside it that were opened so far.</summary>
    public IReadOnlyCollection<string> Opened => _opened;

    /// <summary>A finite array: a number, rows in rows, or <c>"file.safetensors#name"</c>.</summary>
    public NumericArray Array(JsonPlace place)
    {
        if (!place.IsText)
            return place.IsNumber || place.IsList
                ? JsonArrays.Array(place)
                : throw place.Expected("a number, rows of numbers, or file.safetensors#name");
        var reference = place.Text();
        var mark = reference.LastIndexOf('#');
        if (mark <= 0)
            throw place.Fault($"'{reference}' does not name a tensor; write file.safetensors#name");
        var array = Open(reference[..mark], place).Read(reference[(mark + 1)..]);
        return array.IsFinite
            ? array
            : throw place.Fault($"'{reference}' holds numbers that are not finite (NaN or infinity)");
    }

    /// <summary>
    /// An intervention's parameters: an object of arrays, or <c>"file.safetensors"</c> with an optional <c>#prefix</c>
    /// of their names.
    /// </summary>
    public Intervention Intervention(JsonPlace place, InterventionType type)
    {
        var parameters = place.IsText
            ? FromFile(place)
            : place
                .Members("an object of arrays, or the name of a .safetensors file,")
                .ToDictionary(entry => entry.Name, Array);
        try
        {
            var intervention = InterventionParameters.Create(type, parameters);
            RotationCheck.Check(intervention);
            return intervention;
        }
        catch (InterventionException fault)
        {
            throw place.Fault(fault.Message);
        }
    }

    private Dictionary<string, NumericArray> FromFile(JsonPlace place)
    {
        var parts = place.Text().Split('#', 2);
        var file = Open(parts[0], place);
        var prefix = parts.Length > 1 ? parts[1] : "";
        var arrays = new Dictionary<string, NumericArray>(StringComparer.Ordinal);
        foreach (var name in file.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            if (!arrays.TryAdd(name[prefix.Length..].TrimStart('.', '/'), file.Read(name)))
                throw place.Fault($"'{name}' is a second tensor of one name after '{prefix}'");
        }

        return arrays;
    }

    /// <summary>The full path of a file or folder beside the run's file.</summary>
    /// <exception cref="InterventionException">The name leads out of the folder.</exception>
    public string Inside(JsonPlace place) => Inside(place.Text("the name of a folder"), place);

    private string Inside(string name, JsonPlace place)
    {
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
            throw place.Fault("the name of a file beside the configuration is expected");
        if (Path.IsPathRooted(name) || !_boundary.Includes(name))
            throw place.Fault($"'{name}' leaves the configuration's folder");
        var full = Path.GetFullPath(name, _boundary.Folder);
        if (!_boundary.Holds(full))
            throw place.Fault($"'{name}' is a link that leaves the configuration's folder");
        return full;
    }

    private SafetensorsFile Open(string name, JsonPlace place)
    {
        var path = Inside(name, place);
        var opened = SafetensorsFile.Open(path);
        _opened.Add(path);
        return opened;
    }
}
