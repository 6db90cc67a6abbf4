using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;

namespace OnnxIntervene.CausalModels;

/// <summary>
/// Keeps data sets of causal models in JSON Lines (jsonlines.org): factual examples as <c>{"input": {…}, "labels":
/// {…}}</c>, counterfactual ones as <c>{"base": {…}, "sources": {"WX": {…}}, "base_labels": {…}, "labels": {…},
/// "intervention_id": 0}</c>. Labels are checked against the model when they are read.
/// </summary>
public static class CausalDatasetFile
{
    private const long LongestFile = 1L << 30;
    private static readonly string[] s_factualKeys = ["input", "labels"];
    private static readonly string[] s_keys = ["base", "sources", "base_labels", "labels", "intervention_id"];

    /// <summary>Writes factual examples.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<FactualExample> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        Write(
            path,
            examples,
            (json, example) =>
            {
                CausalJson.Write(json, "input", example.Input);
                CausalJson.Write(json, "labels", example.Labels);
            }
        );
    }

    /// <summary>Writes counterfactual examples.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that they were drawn from.</param>
    /// <param name="examples">The examples.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, CausalModel model, IEnumerable<CounterfactualExample> examples)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        Write(
            path,
            examples,
            (json, example) =>
            {
                CausalJson.Write(json, "base", example.Base);
                json.WriteStartObject("sources");
                foreach (var (variable, source) in model.Intermediates.Zip(example.Sources))
                {
                    if (source is not null)
                        CausalJson.Write(json, variable.Name, source);
                }

                json.WriteEndObject();
                CausalJson.Write(json, "base_labels", example.BaseLabels);
                CausalJson.Write(json, "labels", example.Labels);
                json.WriteNumber("intervention_id", example.InterventionId);
            }
        );
    }

    /// <summary>Reads factual examples.</summary>
    /// <exception cref="ModelFormatException">
    /// A line is no such example, or its labels are not the model's; the message names it.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ImmutableArray<FactualExample> ReadFactual(string path, CausalModel model) =>
        Read(
            path,
            model,
            place =>
            {
                var input = CausalJson.Setting(place.WithKeys(s_factualKeys)["input"]);
                return new FactualExample(
                    input,
                    Labels(place["labels"], Run(place["input"], () => model.RunForward(input)))
                );
            }
        );

    /// <summary>Reads counterfactual examples.</summary>
    /// <inheritdoc cref="ReadFactual"/>
    public static ImmutableArray<CounterfactualExample> ReadCounterfactual(string path, CausalModel model) =>
        Read(
            path,
            model,
            place =>
            {
                place.WithKeys(s_keys);
                var @base = CausalJson.Setting(place["base"]);
                var sources = place["sources"]
                    .Members("an object of variables and their sources")
                    .ToDictionary(item => RequireIntermediate(item, model), CausalJson.Setting, StringComparer.Ordinal);
                return new CounterfactualExample(
                    @base,
                    [.. model.Intermediates.Select(variable => sources.GetValueOrDefault(variable.Name))],
                    Labels(place["base_labels"], Run(place["base"], () => model.RunForward(@base))),
                    Labels(place["labels"], Run(place["sources"], () => model.RunInterchange(@base, sources))),
                    place["intervention_id"].Integer()
                );
            }
        );

    private static string RequireIntermediate(JsonPlace item, CausalModel model) =>
        model.Intermediates.Any(variable => variable.Name == item.Name)
            ? item.Name
            : throw item.Fault(
                "there is no such variable between inputs and outputs; there are "
                    + string.Join(", ", model.Intermediates.Select(variable => variable.Name))
            );

    private static CausalSetting Run(JsonPlace place, Func<CausalSetting> run)
    {
        try
        {
            return run();
        }
        catch (InterventionException fault)
        {
            throw place.Fault(fault.Message);
        }
    }

    // What the model computes; labels that are not that were made by another model.
    private static CausalSetting Labels(JsonPlace place, CausalSetting computed)
    {
        foreach (var (name, value) in CausalJson.Setting(place).Values)
        {
            if (!computed.TryGet(name, out var own) || !own.Equals(value))
                throw place[name]
                    .Fault(
                        $"the label is {value}, but the causal model "
                            + (own is null ? "has no such variable" : $"computes {own}")
                    );
        }

        return computed;
    }

    private static void Write<T>(string path, IEnumerable<T> examples, Action<Utf8JsonWriter, T> write) =>
        PendingFile.Write(
            path,
            stream =>
            {
                using var json = new Utf8JsonWriter(stream);
                foreach (var example in examples)
                {
                    json.WriteStartObject();
                    write(json, example);
                    json.WriteEndObject();
                    json.Flush();
                    json.Reset();
                    stream.WriteByte((byte)'\n');
                }
            }
        );

    private static ImmutableArray<T> Read<T>(string path, CausalModel model, Func<JsonPlace, T> read)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(model);
        return
        [
            .. JsonLines
                .Read(path, LongestFile)
                .Select(line => read(JsonText.Parse(line.Text, JsonSource.File(line.Name)))),
        ];
    }
}
