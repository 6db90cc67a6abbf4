using OnnxIntervene.Baking;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Planning;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Benchmarks;

/// <summary>A model with a vector folded into its weights, in a folder that is gone afterwards.</summary>
internal sealed class FoldedModel : IDisposable
{
    private readonly DirectoryInfo _parent;
    private readonly LoadedModel _loaded;

    private FoldedModel(DirectoryInfo parent, LoadedModel loaded)
    {
        (_parent, _loaded) = (parent, loaded);
        Model = loaded.With(IntervenableConfig.Empty);
    }

    /// <summary>The folded model, without interventions of its own.</summary>
    public IntervenableModel Model { get; }

    public static FoldedModel Of(IntervenableModel steered, NumericArray vector)
    {
        var parent = Directory.CreateTempSubdirectory("onnx-intervene-benchmark-");
        var folder = Path.Combine(parent.FullName, "folded");
        var request = new BakeRequest
        {
            Folds = true,
            CopiesWeights = true,
            Settings = new RunSettings { SourceRepresentations = [vector] },
        };
        Baker.Write(steered, request, folder);
        return new FoldedModel(parent, LoadedModel.Load(folder, steered.Loaded.Options));
    }

    public void Dispose()
    {
        Model.Dispose();
        _loaded.Dispose();
        _parent.Delete(recursive: true);
    }
}
