namespace OnnxIntervene.Runtime;

/// <summary>ONNX Runtime Training, which ended at 1.19.2 and trains from files only.</summary>
public static class OrtTraining
{
    /// <summary>What is missing to train with it, a sentence or more.</summary>
    public static string Missing =>
        "The native library of ONNX Runtime Training is missing. It is in the package "
        + "Microsoft.ML.OnnxRuntime.Training 1.19.2, the last that was published, which a build with "
        + "-p:OrtFlavor=Training asks for; it cannot be in one process with the ONNX Runtime that runs models here. "
        + "'onnx-intervene artifacts' writes the files from which its TrainingSession trains.";
}
