using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Grids;

/// <summary>Whether two prompts are the same to the model.</summary>
internal static class SameInputs
{
    // A decoder may get the same tokens and another encoder's states.
    public static bool AreEqual(ModelInputs one, ModelInputs other) =>
        one.Arrays.Count == other.Arrays.Count
        && one.Arrays.All(entry => other.Arrays.TryGetValue(entry.Key, out var array) && AreEqual(entry.Value, array));

    private static bool AreEqual(NumericArray one, NumericArray other) =>
        one.IsInteger == other.IsInteger
        && one.Shape.SequenceEqual(other.Shape)
        && (one.IsInteger ? one.Integers.SequenceEqual(other.Integers) : one.Floats.SequenceEqual(other.Floats));
}
