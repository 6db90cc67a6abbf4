using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Runtime;

/// <summary>How much some inputs hold.</summary>
/// <param name="Examples">
/// How many examples there are; null where the inputs disagree and no name of a dimension decides.
/// </param>
/// <param name="Length">
/// How many new positions the token ids have, or their embeddings; 1 where there is no such axis.
/// </param>
/// <param name="Past">How many positions the cache holds.</param>
internal readonly record struct InputSizes(int? Examples, int Length, int Past)
{
    // What stands in the place of token ids; a decoder's may come beside an encoder's.
    private static readonly string[] s_texts = [ModelInputs.TokenInput, "inputs_embeds", "decoder_input_ids"];

    /// <summary>Counts what is given to a model.</summary>
    /// <exception cref="InterventionException">Inputs differ in the dimension of examples.</exception>
    public static InputSizes Of(ModelInputs given, ComponentMap components) =>
        new(ExamplesOf(given, components.Examples), LengthOf(given), PastOf(given, components.Model.Graph));

    /// <summary>How many examples there are.</summary>
    /// <exception cref="InterventionException">The inputs disagree.</exception>
    public int RequireExamples(ModelInputs given) =>
        Examples
        ?? throw new InterventionException(
            $"How many examples there are cannot be told: {Shown(given)}, and no dimension of the model's inputs is "
                + "named batch. Give every input that the model has."
        );

    private static int? ExamplesOf(ModelInputs given, ExampleAxis axis)
    {
        var named = given
            .Arrays.Where(array =>
                axis.Places.TryGetValue(array.Key, out var place) && place < array.Value.Shape.Length
            )
            .Select(array => (array.Key, Size: array.Value.Shape[axis.Places[array.Key]]))
            .OrderBy(item => item.Key, StringComparer.Ordinal)
            .ToList();
        if (named.Find(item => item.Size != named[0].Size) is { Key: { } odd, Size: var other })
            throw new InterventionException(
                $"The inputs disagree on '{axis.Name}', how many examples there are: '{named[0].Key}' has "
                    + $"{named[0].Size}, '{odd}' {other}."
            );
        if (named.Count > 0)
            return named[0].Size;
        if (Text(given) is { } text)
            return text.Shape[0];
        var leading = given
            .Arrays.Values.Where(array => array.Shape.Length > 0)
            .Select(array => array.Shape[0])
            .Distinct()
            .ToList();
        return leading.Count == 0 ? 1
            : leading.Count == 1 ? leading[0]
            : null;
    }

    private static int LengthOf(ModelInputs given) => Text(given)?.Shape[1] ?? given.Length;

    private static NumericArray? Text(ModelInputs given) =>
        s_texts
            .Select(name => given.Arrays.GetValueOrDefault(name))
            .FirstOrDefault(text => text is { Shape.Length: > 1 });

    // [batch, heads, position, width], where the file does not name another axis the past's.
    private static int PastOf(ModelInputs given, Graph graph)
    {
        foreach (var (name, array) in given.Arrays)
        {
            if (
                name.StartsWith(InputFiller.PastPrefix, StringComparison.Ordinal)
                && !name.Contains(".encoder.", StringComparison.Ordinal)
            )
                return array.Shape.Length > 2 ? array.Shape[PastAxis(name, graph)] : 0;
        }

        return 0;
    }

    private static int PastAxis(string name, Graph graph)
    {
        var declared = graph.Inputs.FirstOrDefault(input => input.Name == name)?.Type?.Shape;
        for (var axis = 0; axis < (declared?.Rank ?? 0); axis++)
        {
            if (declared![axis].Symbol is { } symbol && symbol.Contains("past", StringComparison.OrdinalIgnoreCase))
                return axis;
        }

        return 2;
    }

    private static string Shown(ModelInputs given) =>
        string.Join(
            ", ",
            given
                .Arrays.OrderBy(array => array.Key, StringComparer.Ordinal)
                .Select(array => $"'{array.Key}' is {array.Value}")
        );
}
