namespace OnnxIntervene.Generation;

/// <summary>Where a cache lies from one run to the next.</summary>
internal enum CacheForm
{
    /// <summary>Past and present are one buffer, which the model's operators write into.</summary>
    Shared,

    /// <summary>A layer's present is written where the past of the layer before it was.</summary>
    Rotating,

    /// <summary>Where ONNX Runtime puts it.</summary>
    Returned,
}
