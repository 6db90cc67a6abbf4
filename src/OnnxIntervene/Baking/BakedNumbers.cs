namespace OnnxIntervene.Baking;

/// <summary>How a spliced file holds the numbers of its interventions.</summary>
public enum BakedNumbers
{
    /// <summary>As constants, which ONNX Runtime folds and packs.</summary>
    Constant,

    /// <summary>As defaults of inputs that a run may feed others to (overridable initializers).</summary>
    Overridable,

    /// <summary>
    /// As what an adapter gives to inputs of the file, whose own defaults leave the model as it was.
    /// </summary>
    Adapter,
}
