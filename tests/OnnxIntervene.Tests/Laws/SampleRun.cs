using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Laws;

/// <summary>A model file and inputs that it runs on.</summary>
/// <param name="Name">Family and exporter.</param>
/// <param name="Path">The file.</param>
/// <param name="Inputs">What the references run it on.</param>
public sealed record SampleRun(string Name, string Path, ModelInputs Inputs)
{
    /// <summary>Every export of the references, and the default model.</summary>
    public static IEnumerable<SampleRun> All() =>
        ReferenceFamily
            .All(RepositoryPaths.OwnReferences)
            .SelectMany(family =>
                family.Exports.Select(export => new SampleRun(
                    $"{family.Name}/{export.Name}",
                    export.ModelPath,
                    family.Inputs(family.Cases[0].Base)
                ))
            )
            .Append(Default);

    /// <summary>The default model on a batch of two.</summary>
    public static SampleRun Default { get; } =
        new(
            "facts-gpt2",
            System.IO.Path.Combine(RepositoryPaths.DefaultModel, "model.onnx"),
            ModelInputs.FromTokens([
                [1, 5, 9, 2, 7],
                [3, 3, 8, 11, 4],
            ])
        );

    public override string ToString() => Name;
}
