using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests;

/// <summary>The exports of the reference families, by family and folder: <c>gpt2/optimum</c>.</summary>
internal static class ReferenceExports
{
    private static readonly string s_families = Path.Combine(RepositoryPaths.References, "families");

    // Many tests ask, and the answer takes reading every export.
    private static readonly Lazy<ImmutableArray<string>> s_languageModels = new(() =>
        [.. All().Where(IsLanguageModel)]
    );

    private static readonly Lazy<ImmutableArray<string>> s_cached = new(() => [.. LanguageModels().Where(HasCache)]);

    /// <summary>Every export's model file, from the folder of families on.</summary>
    public static IEnumerable<string> All() =>
        RepositoryPaths
            .ReferenceModels()
            .Where(path => path.Contains("families", StringComparison.Ordinal))
            .Select(path => Path.GetRelativePath(s_families, path))
            .Order(StringComparer.Ordinal);

    /// <summary>The exports that read one text and compute logits of tokens.</summary>
    public static IEnumerable<string> LanguageModels() => s_languageModels.Value;

    /// <summary>Those of them that take a cache.</summary>
    public static IEnumerable<string> Cached() => s_cached.Value;

    /// <summary>An export, run by one thread. The caller disposes it.</summary>
    public static LoadedModel Load(string export) => Load(export, new ExecutionOptions { Threads = 1 });

    /// <summary>An export, run as options say. The caller disposes it.</summary>
    public static LoadedModel Load(string export, ExecutionOptions options) =>
        LoadedModel.Load(Path.Combine(s_families, export), options);

    private static bool HasCache(string export)
    {
        using var model = Load(export);
        return model.Model.Graph.Inputs.Any(input =>
            input.Name.StartsWith(InputFiller.PastPrefix, StringComparison.Ordinal)
        );
    }

    private static bool IsLanguageModel(string export)
    {
        using var model = Load(export);
        return model.Components.LayerCount > 0
            && model.Model.Graph.Inputs.Any(input => input.Name == ModelInputs.TokenInput)
            && model.Model.Graph.Outputs[0].Type?.Shape?.Rank == 3
            && model.Model.Graph.Inputs.All(input =>
                input.Name == ModelInputs.TokenInput || InputFiller.IsOfTheText(input.Name)
            );
    }
}
