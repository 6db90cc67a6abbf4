using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.Formats;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Testing;

/// <summary>
/// One architecture of the references: its exports, inputs, cases and tensors (see the references' README).
/// </summary>
public sealed class ReferenceFamily
{
    // Every fixture of cases asks, and the answer never changes.
    private static readonly ConcurrentDictionary<string, Lazy<ImmutableArray<ReferenceFamily>>> s_known = new(
        StringComparer.Ordinal
    );

    private readonly SafetensorsFile _tensors;
    private readonly ImmutableDictionary<string, ImmutableDictionary<string, string>> _inputs;

    private ReferenceFamily(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "cases.json")));
        var root = json.RootElement;
        Name = Path.GetFileName(folder);
        _tensors = SafetensorsFile.Open(Path.Combine(folder, "tensors.safetensors"));
        Exports =
        [
            .. root.GetProperty("exports")
                .EnumerateObject()
                .Select(export => new ReferenceExport(
                    export.Name,
                    Path.Combine(folder, export.Name, "model.onnx"),
                    export.Value.TryGetProperty("max_abs_diff", out var difference)
                    && difference.ValueKind == JsonValueKind.Number
                        ? difference.GetDouble()
                        : 0
                )),
        ];
        _inputs = root.GetProperty("inputs")
            .EnumerateObject()
            .ToImmutableDictionary(
                input => input.Name,
                input =>
                    input
                        .Value.EnumerateObject()
                        .ToImmutableDictionary(entry => entry.Name, entry => entry.Value.GetString()!)
            );
        Cases = [.. root.GetProperty("cases").EnumerateArray().Select(item => new ReferenceCase(item.Clone()))];
    }

    public string Name { get; }

    public ImmutableArray<ReferenceExport> Exports { get; }

    public ImmutableArray<ReferenceCase> Cases { get; }

    /// <summary>Every family under a references folder; read once.</summary>
    public static IEnumerable<ReferenceFamily> All(string references) =>
        s_known.GetOrAdd(references, folder => new(() => [.. ReadAll(Path.Combine(folder, "families"))])).Value;

    public NumericArray Tensor(string name) => _tensors.Read(name);

    /// <summary>The inputs of this name.</summary>
    public ModelInputs Inputs(string name) =>
        new(_inputs[name].ToImmutableDictionary(entry => entry.Key, entry => _tensors.Read(entry.Value)));

    private static IEnumerable<ReferenceFamily> ReadAll(string folder) =>
        !Directory.Exists(folder)
            ? []
            : Directory
                .EnumerateDirectories(folder)
                .Order(StringComparer.Ordinal)
                .Where(family => File.Exists(Path.Combine(family, "cases.json")))
                .Select(family => new ReferenceFamily(family));
}
