namespace OnnxIntervene.Testing;

/// <summary>A trained language model and what torch gives on it.</summary>
/// <param name="Name">The model.</param>
/// <param name="Folder">The folder that holds it.</param>
/// <param name="Goldens">What torch gives.</param>
public sealed record GoldenModel(string Name, string Folder, TorchResults Goldens)
{
    /// <summary>The model that is tested where the developers' folder is beside the repository.</summary>
    public const string LargeName = "smollm2";

    /// <summary>The large model; a test that asks where it is not is skipped, and says so.</summary>
    public static GoldenModel Large()
    {
        var large = All().FirstOrDefault(model => model.Name == LargeName);
        if (large is null)
            Assert.Ignore("The folder 'shared' with the large model is not beside the repository.");
        return large!;
    }

    /// <summary>The default model, and the large one where it is.</summary>
    public static IEnumerable<GoldenModel> All()
    {
        yield return new GoldenModel(
            "facts-gpt2",
            RepositoryPaths.DefaultModel,
            TorchResults.Of(Path.Combine(RepositoryPaths.OwnReferences, "facts-gpt2"))
        );
        if (RepositoryPaths.LargeModel is { } large)
            yield return new GoldenModel(
                LargeName,
                Path.Combine(large, "smollm2-135m-int4-genai"),
                TorchResults.Of(Path.Combine(large, "goldens"))
            );
    }
}
