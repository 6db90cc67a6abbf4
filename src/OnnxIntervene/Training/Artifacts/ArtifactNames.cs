namespace OnnxIntervene.Training.Artifacts;

/// <summary>
/// Names by which ONNX Runtime Training 1.19.2 finds its way in the models (orttraining/training_api/utils.cc), and
/// those that its <c>generate_artifacts</c> gives outputs.
/// </summary>
internal static class ArtifactNames
{
    public const string Domain = "com.microsoft";
    public const string Labels = "labels";
    public const string Loss = "onnx::loss::2";
    public const string LazyReset = "lazy_reset_grad";
    public const string UpdatedFlag = "onnx::adamw.updated_flag::5";

    /// <summary>The gradient of a parameter.</summary>
    public static string Gradient(string parameter) => $"{parameter}_grad";

    /// <summary>The input that holds the sum of a parameter's gradients.</summary>
    public static string Buffer(string parameter) => $"{parameter}_grad.accumulation.buffer";

    /// <summary>The output that says that the sum has grown.</summary>
    public static string Accumulated(string parameter) => $"{parameter}_grad.accumulation.out";
}
