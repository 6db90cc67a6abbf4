using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Files;

/// <summary>Sketches as files that were saved and loaded again.</summary>
internal static class SketchedModel
{
    /// <summary>The sketch with one intervention. The caller disposes it.</summary>
    public static IntervenableModel Load(Model sketch, string tensor, InterventionType type)
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Save(sketch, folder.File("model.onnx"));
        return IntervenableModel.Load(
            folder.File("model.onnx"),
            new IntervenableConfig { Representations = [new() { Component = tensor, InterventionType = type }] },
            new ExecutionOptions { Threads = 1 }
        );
    }
}
