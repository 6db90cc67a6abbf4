using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests;

/// <summary>The exports of the reference families, by family and folder: <c>gpt2/optimum</c>.</summary>
internal static class ReferenceExports
{
    private static readonly string s_families = Path.Combine(RepositoryPaths.References, "families");

    /// <summary>Every export's model file, from the folder of families on.</summary>
    public static IEnumerable<string> All() =>
        RepositoryPaths
            .ReferenceModels()
            .Where(path => path.Contains("families", StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(s_families, path))
            .Order(StringComparer.Ordinal);

    /// <summary>An export, run by one thread. The caller disposes it.</summary>
    public static LoadedModel Load(string export) =>
        LoadedModel.Load(Path.Combine(s_families, export), new ExecutionOptions { Threads = 1 });
}
