using System.Collections.Immutable;
using OnnxIntervene.CausalModels;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>
/// Reads interchanges from a safetensors file: <c>base</c>, <c>source</c> (or <c>source0</c>, <c>source1</c> …) and
/// <c>labels</c>, the first axis being examples; token ids are called <c>base_ids</c> and <c>source_ids</c>. With
/// several sources <c>kind</c> tells which of them each example interchanges: the sources as bits, less one.
/// <c>base_labels</c> (or <c>label_without_swap</c>) are the right answers without interchange. A file may hold several
/// such sets, the arrays of one named <c>train.base</c> or <c>train/base</c>; other arrays are passed over.
/// </summary>
public static class InterchangeTensorFile
{
    /// <summary>The names of a file's sets; an empty one where names have nothing before them.</summary>
    /// <exception cref="ModelFormatException">The file is not well formed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ImmutableArray<string> SetsOf(string path) =>
        [.. InterchangeArrays.SetsOf(SafetensorsFile.Open(path))];

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that the examples are for.</param>
    /// <param name="set">Which of the file's sets; null for the one whose names have nothing before them.</param>
    /// <param name="answers">
    /// The tokens or classes that the labels number; empty where labels are these themselves.
    /// </param>
    /// <exception cref="ModelFormatException">
    /// The file is not well formed, an array is missing, or arrays differ in their number of examples.
    /// </exception>
    /// <exception cref="InterventionException">
    /// An array does not fit the model, a label is none of the answers, or a token does not exist; the message names
    /// the example.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static InterchangeDataSet Read(
        string path,
        LoadedModel model,
        string? set = null,
        ImmutableArray<int> answers = default
    )
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(model);
        var arrays = new InterchangeArrays(SafetensorsFile.Open(path), path, set);
        var data = new InterchangeDataSet(Examples(arrays, model, answers.IsDefault ? [] : answers))
        {
            Answers = answers.IsDefault ? [] : answers,
        };
        data.Check(model);
        return data;
    }

    private static ImmutableArray<InterchangeExample> Examples(
        InterchangeArrays arrays,
        LoadedModel model,
        ImmutableArray<int> answers
    )
    {
        var input = new ArrayInput(model, arrays.AreTokens);
        var (bases, sources) = (arrays.Base, arrays.Sources);
        var (labels, baseLabels, kinds) = (arrays.Labels, arrays.BaseLabels, arrays.Kinds);
        return
        [
            .. Enumerable
                .Range(0, bases.Shape[0])
                .Select(index =>
                {
                    var origin = $"{arrays.Name}, example {index + 1}";
                    return new InterchangeExample
                    {
                        Origin = origin,
                        Base = new InterchangeInput(Row(bases, index, origin)),
                        Sources =
                        [
                            .. sources.Select(
                                (source, number) =>
                                    kinds is null || InterchangePattern.Has(kinds.Integers[index], number)
                                        ? new InterchangeInput(Row(source, index, origin))
                                        : null
                            ),
                        ],
                        Label = AnswerOf(labels.Integers[index], answers, origin),
                        BaseLabel = baseLabels is null ? null : AnswerOf(baseLabels.Integers[index], answers, origin),
                    };
                }),
        ];

        Runtime.ModelInputs Row(NumericArray array, int index, string origin)
        {
            try
            {
                return input.Of(array.Row(index));
            }
            catch (InterventionException fault)
            {
                throw new InterventionException($"{origin}: {fault.Message}", fault);
            }
        }
    }

    private static int AnswerOf(long label, ImmutableArray<int> answers, string origin)
    {
        var count = answers.IsEmpty ? int.MaxValue : answers.Length;
        if (label < 0 || label >= count)
            throw new InterventionException(
                $"{origin}: the label is {label}"
                    + (answers.IsEmpty ? "; labels begin at 0." : $", but there are {count} answers: 0 to {count - 1}.")
            );
        return answers.IsEmpty ? (int)label : answers[(int)label];
    }
}
