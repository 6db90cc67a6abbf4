namespace OnnxIntervene.Studies.Patching;

/// <summary>What one cell of a patching or ablation sweep changes.</summary>
public enum PatchUnits
{
    /// <summary>
    /// A position of a component, all its heads where it has some; of attention probabilities, what a query gives to
    /// every key.
    /// </summary>
    Position,

    /// <summary>A head, at every position.</summary>
    Head,

    /// <summary>A head at one position; a row for each layer's head.</summary>
    HeadAndPosition,

    /// <summary>The whole component of a layer: every position and head.</summary>
    Layer,
}

/// <summary>Which way values go.</summary>
public enum PatchDirection
{
    /// <summary>From the clean into the corrupt run: what suffices to restore the answer.</summary>
    Denoising,

    /// <summary>From the corrupt into the clean run: what is needed for the answer.</summary>
    Noising,
}
