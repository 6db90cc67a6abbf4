using OnnxIntervene.Components;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Analysis;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning;

/// <summary>What each input of a model will be in a run, without running: those given, and those filled in.</summary>
internal static class PredictedInputs
{
    // Flags and lengths decide shapes; token ids and positions do not, and differ from run to run.
    private const int LongestContents = 8;

    /// <summary>The inputs whose sizes are known beforehand, by name.</summary>
    public static Dictionary<string, BoundInput> Of(Model model, ComponentMap components, ModelInputs given)
    {
        var bound = new Dictionary<string, BoundInput>(StringComparer.Ordinal);
        var sizes = InputSizes.Of(given, components);
        foreach (var input in model.Graph.Inputs)
        {
            if (given.Arrays.TryGetValue(input.Name, out var array))
                bound[input.Name] = Given(array, input.Name);
            else if (input.Initializer is null && Filled(input, components, given, sizes) is { } filled)
                bound[input.Name] = filled;
        }

        return bound;
    }

    /// <summary>Everything that the sizes in a run depend on, as text.</summary>
    public static string Text(ModelInputs given) =>
        string.Join(
            ' ',
            given
                .Arrays.OrderBy(array => array.Key, StringComparer.Ordinal)
                .Select(array => $"{array.Key}{array.Value}{Contents(Given(array.Value, array.Key))}")
        );

    private static string Contents(BoundInput input) =>
        input.Contents is { } contents ? $"={string.Join(',', contents)}" : "";

    private static BoundInput Given(NumericArray array, string name) =>
        new(
            [.. array.Shape.Select(size => (long)size)],
            array.IsInteger && array.Length <= LongestContents && name != ModelInputs.TokenInput
                ? array.Integers.ToArray()
                : null
        );

    // The shapes that InputFiller makes.
    private static BoundInput? Filled(Value input, ComponentMap components, ModelInputs given, InputSizes sizes)
    {
        if (!InputFiller.CanFill(input.Name) || sizes.Examples is not { } batch)
            return null;
        return input.Name switch
        {
            InputFiller.CacheSwitch => new BoundInput([1], [sizes.Past > 0 ? 1 : 0]),
            var name when name.StartsWith(InputFiller.PastPrefix, StringComparison.Ordinal) => EmptyPast(
                input,
                components,
                batch
            ),
            var name => new BoundInput([batch, InputFiller.LengthOf(name, given, sizes)]),
        };
    }

    private static BoundInput? EmptyPast(Value input, ComponentMap components, int batch)
    {
        if (input.Type?.Shape is not { Rank: 4 } shape || shape[1].Size is not { } heads)
            return null;
        var width =
            shape[3].Size
            ?? components
                .Components.FirstOrDefault(component =>
                    component.Address.Name is "head_key_output" or "head_attention_value_output"
                )
                ?.Width;
        return width is { } known ? new BoundInput([batch, heads, 0, known]) : null;
    }
}
