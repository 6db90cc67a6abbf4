using OnnxIntervene.Testing;

namespace OnnxIntervene.GenAI.Tests;

/// <summary>SmolLM2 as onnxruntime-genai's builder writes it, where it is beside the repository.</summary>
internal static class LargeModelFolder
{
    /// <summary>The folder; a test that asks where there is none is skipped.</summary>
    public static string Path
    {
        get
        {
            var model = GoldenModel.All().FirstOrDefault(model => model.Name == GoldenModel.LargeName);
            if (model is null)
                Assert.Ignore("The folder 'shared' with the large model is not beside the repository.");
            return model!.Folder;
        }
    }
}
