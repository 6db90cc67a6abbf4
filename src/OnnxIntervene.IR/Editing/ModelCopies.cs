namespace OnnxIntervene.IR.Editing;

/// <summary>
/// Copies of models that may be rewired while the original stays as it is. Constants are shared. O(nodes).
/// </summary>
public static class ModelCopies
{
    /// <summary>A copy of the model.</summary>
    public static Model Copy(this Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return ModelCopier.Copy(model).Model;
    }

    /// <summary>A copy of the model, and its value for each value of the original.</summary>
    /// <param name="model">The model.</param>
    /// <param name="copies">For each value of the model, the copy's value.</param>
    public static Model Copy(this Model model, out IReadOnlyDictionary<Value, Value> copies)
    {
        ArgumentNullException.ThrowIfNull(model);
        (var copy, copies) = ModelCopier.Copy(model);
        return copy;
    }
}
