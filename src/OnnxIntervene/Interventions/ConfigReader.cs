using System.Collections.Immutable;
using OnnxIntervene.Json;

namespace OnnxIntervene.Interventions;

/// <summary>
/// Reads pyvene's configuration (its intervenable_base.py, IntervenableConfig and RepresentationConfig).
/// </summary>
internal static class ConfigReader
{
    // What pyvene and the Hugging Face base class of its configuration write, and what a run's file adds.
    private static readonly string[] s_known =
    [
        "representations",
        "intervention_types",
        "mode",
        "sorted_keys",
        "intervention_dimensions",
        "intervention_constant_sources",
        "model_type",
        "transformers_version",
        "architectures",
        "dtype",
        "torch_dtype",
        "_name_or_path",
        "return_dict",
        "$schema",
        "description",
        "unit_locations",
        "coefficients",
        "source_representations",
        "subspaces",
        "parameters",
    ];

    public static IntervenableConfig Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Read(JsonText.Parse(json, JsonSource.Request("The configuration")));
    }

    /// <summary>A configuration's file as JSON.</summary>
    public static JsonPlace Open(string path) => JsonText.Read(path, JsonSource.Request($"The configuration '{path}'"));

    public static IntervenableConfig Read(JsonPlace root)
    {
        var list = root.WithKeys(s_known)["representations"];
        JsonPlace[] items = list.IsObject ? [list] : [.. list.Items("a list of representations")];
        if (items.Length == 0)
            throw list.Fault("there is no representation");
        var (types, dimensions) = (Types(root, items.Length), Dimensions(root, items.Length));
        return new IntervenableConfig
        {
            Mode = Mode(root),
            Representations =
            [
                .. items.Select(
                    (item, index) =>
                        RepresentationReader.Read(item, types?[index]) with
                        {
                            InterchangeDimensions = dimensions?[index].List,
                            InterchangeCount = dimensions?[index].Count,
                        }
                ),
            ],
        };
    }

    private static InterventionMode Mode(JsonPlace root) =>
        root.Find("mode") is not { } mode
            ? InterventionMode.Parallel
            : mode.Text("\"parallel\" or \"serial\"") switch
            {
                "parallel" => InterventionMode.Parallel,
                "serial" => InterventionMode.Serial,
                _ => throw mode.Expected("\"parallel\" or \"serial\""),
            };

    private static string[]? Types(JsonPlace root, int count)
    {
        if (root.Find("intervention_types") is not { } types)
            return null;
        if (types.IsText)
            return [.. Enumerable.Repeat(types.Text(), count)];
        string[] names = [.. types.Items("a name or a list of names").Select(name => name.Text("a name"))];
        return names.Length == count ? names : throw types.Fault($"{names.Length} names for {count} representations");
    }

    // pyvene's interchange_dim: how many dimensions from the first, or which; null for all.
    private static (int? Count, ImmutableArray<int>? List)[]? Dimensions(JsonPlace root, int count)
    {
        if (root.Find("intervention_dimensions") is not { } list)
            return null;
        if (!list.IsList || list.Count != count)
            throw list.Expected($"a list with an entry for each of the {count} representations");
        return [.. list.Items().Select(Dimension)];
    }

    private static (int? Count, ImmutableArray<int>? List) Dimension(JsonPlace item) =>
        item.IsNothing ? (null, null)
        : item.IsList ? (null, item.Integers().ToImmutableArray())
        : (item.Integer(1, what: "null, a list of numbers, or a number"), null);
}
