using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Baking;

/// <summary>
/// What a file says of interventions that were baked into it, in its metadata. Anybody can write that.
/// </summary>
/// <param name="Form">Whether they are spliced into the graph or folded into its weights.</param>
/// <param name="Interventions">A line for each.</param>
/// <param name="InterventionFiles">
/// The SHA-256 of the files that they were read from, by name, as <c>sha256:…</c>.
/// </param>
/// <param name="Original">The SHA-256 of the original model's files.</param>
/// <param name="Command">The command; null where it was no command.</param>
/// <param name="Version">The version of the library.</param>
public sealed record BakeDescription(
    string? Form,
    ImmutableArray<string> Interventions,
    ImmutableSortedDictionary<string, string> InterventionFiles,
    ImmutableSortedDictionary<string, string> Original,
    string? Command,
    string? Version
)
{
    /// <summary>The description; null where the file has none, or none that can be read.</summary>
    /// <param name="model">The baked model.</param>
    public static BakeDescription? Of(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Metadata.FirstOrDefault(entry => entry.Key == BakeRecord.Key).Value is not { } text)
            return null;
        try
        {
            return Of(JsonText.Parse(text, JsonSource.File(BakeRecord.Key)).WithObject());
        }
        catch (ModelFormatException)
        {
            return null;
        }
    }

    private static BakeDescription Of(JsonPlace record) =>
        new(
            record.Find("form")?.Text(),
            [.. record["interventions"].Items().Select(item => item.Text())],
            Checksums(record["intervention_files"]),
            Checksums(record["original"]),
            record.Find("command")?.Text(),
            record.Find("version")?.Text()
        );

    private static ImmutableSortedDictionary<string, string> Checksums(JsonPlace files) =>
        files.IsNothing
            ? ImmutableSortedDictionary<string, string>.Empty
            : files
                .Members()
                .ToImmutableSortedDictionary(file => file.Name, file => file.Text(), StringComparer.Ordinal);
}
