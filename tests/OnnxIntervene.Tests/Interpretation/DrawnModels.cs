using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>
/// The exports that random runs are drawn for, each read once for all tests of a fixture: as the product runs them, and
/// as the slow reference does.
/// </summary>
internal sealed class DrawnModels : IDisposable
{
    private readonly Dictionary<string, (CutModel Cut, LoadedModel Loaded)> _models = [];

    /// <summary>The reference's model.</summary>
    public CutModel Cut(string export) => Of(export).Cut;

    /// <summary>The product's model, with sessions of its own: few are needed twice. The caller disposes it.</summary>
    public LoadedModel Open(string export)
    {
        var loaded = Of(export).Loaded;
        return loaded.With(loaded.Components);
    }

    /// <summary>Closes what one test has opened and the next has no use for.</summary>
    public void Forget()
    {
        foreach (var (cut, _) in _models.Values)
            cut.Forget();
    }

    public void Dispose()
    {
        foreach (var (cut, loaded) in _models.Values)
        {
            cut.Dispose();
            loaded.Dispose();
        }
    }

    private (CutModel Cut, LoadedModel Loaded) Of(string export)
    {
        if (_models.TryGetValue(export, out var known))
            return known;
        var cut = new CutModel(Path.Combine(RepositoryPaths.OwnReferences, "families", export, "model.onnx"));
        var loaded = LoadedModel.Load(cut.Path, new ExecutionOptions { Threads = 1 });
        _models.Add(export, (cut, loaded));
        return (cut, loaded);
    }
}
