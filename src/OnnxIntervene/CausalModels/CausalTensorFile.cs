using System.Collections.Immutable;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.CausalModels;

/// <summary>
/// Writes data sets of causal models as arrays in a safetensors file. Factual: <c>inputs [example, width]</c> and
/// <c>labels [example]</c>. Counterfactual: <c>base</c> and <c>source0</c>, <c>source1</c> … <c>[example, width]</c>, a
/// source for each intermediate variable, zeros where it is not interchanged; <c>kind [example]</c>, the variables that
/// are, as bits, less one; <c>labels</c> and <c>base_labels</c>, classes.
/// </summary>
public static class CausalTensorFile
{
    /// <summary>Writes factual examples.</summary>
    /// <exception cref="InterventionException">An input is a text, or the model has several outputs.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, CausalModel model, IReadOnlyList<FactualExample> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        SafetensorsFile.Write(
            path,
            new Dictionary<string, NumericArray>
            {
                ["inputs"] = Rows(model, [.. examples.Select(example => example.Input)]),
                ["labels"] = Classes(model, examples.Select(example => example.Labels)),
            }
        );
    }

    /// <summary>Writes counterfactual examples.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that they were drawn from.</param>
    /// <param name="examples">The examples.</param>
    /// <exception cref="InterventionException">An input is a text, or the model has several outputs.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, CausalModel model, IReadOnlyList<CounterfactualExample> examples)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        var bases = Rows(model, [.. examples.Select(example => example.Base)]);
        var arrays = new Dictionary<string, NumericArray>
        {
            ["base"] = bases,
            ["labels"] = Classes(model, examples.Select(example => example.Labels)),
            ["base_labels"] = Classes(model, examples.Select(example => example.BaseLabels)),
            ["kind"] = NumericArray.Of(examples.Select(PatternOf).ToArray(), examples.Count),
        };
        for (var source = 0; source < model.Intermediates.Length; source++)
            arrays[$"source{source}"] = Rows(
                model,
                [.. examples.Select(example => example.Sources[source])],
                bases.Shape[1]
            );
        SafetensorsFile.Write(
            path,
            arrays,
            new Dictionary<string, string>
            {
                ["sources"] = string.Join(' ', model.Intermediates.Select(variable => variable.Name)),
            }
        );
    }

    private static long PatternOf(CounterfactualExample example) =>
        InterchangePattern.IdOf([.. example.Sources.Select(source => source is not null)]);

    private static NumericArray Classes(CausalModel model, IEnumerable<CausalSetting> settings)
    {
        var classes = settings.Select(setting => (long)CausalTensors.ClassOf(model, setting)).ToArray();
        return NumericArray.Of(classes, classes.Length);
    }

    private static NumericArray Rows(CausalModel model, ImmutableArray<CausalSetting?> inputs, int? known = null)
    {
        var rows = inputs.Select(input => input is null ? null : CausalTensors.InputToTensor(model, input)).ToList();
        var width = known ?? rows.FirstOrDefault()?.Length ?? 0;
        var numbers = new float[rows.Count * width];
        for (var index = 0; index < rows.Count; index++)
        {
            if (rows[index] is not { } row)
                continue;
            if (row.Length != width)
                throw new InterventionException(
                    $"Example {index + 1} is {row.Length} numbers wide, and others are {width}: lists of an input "
                        + "differ in length."
                );
            row.Floats.CopyTo(numbers.AsSpan(index * width));
        }

        return NumericArray.Of(numbers, rows.Count, width);
    }
}
