using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Grids;

/// <summary>
/// What tells a study from others: the model, the prompts, what is written and what is measured. Runs of one study, on
/// whatever machine, have one identity; how they are run is no part of it.
/// </summary>
internal static class StudyIdentity
{
    /// <summary>The first 16 bytes of the SHA-256 of all that, as hexadecimal digits.</summary>
    public static string Of(GridStudy study)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, study.GetType().Name);
        Add(hash, ModelAt(study.Model.File.Path));
        Add(hash, study.Description);
        foreach (var metric in study.Metrics)
            Add(hash, metric.Name);
        foreach (var site in study.Sites)
            Add(hash, site.ToString());
        foreach (var layout in study.Layouts)
            Add(hash, $"{layout.Name} {string.Join(',', layout.Rows)} {string.Join(',', layout.Columns)}");
        for (var prompt = 0; prompt < study.Prompts.Length; prompt++)
        {
            Add(hash, study.Prompts[prompt]);
            Add(hash, study.CellsIn(prompt).ToString(CultureInfo.InvariantCulture));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static void Add(IncrementalHash hash, StudyPrompt prompt)
    {
        Add(hash, $"{prompt.Answer} {prompt.Wrong} {prompt.MetricPosition}");
        foreach (var (name, positions) in prompt.Positions)
            Add(hash, $"{name} {string.Join(',', positions)}");
        foreach (var inputs in new[] { prompt.Inputs, prompt.Corrupt })
        {
            foreach (var (name, array) in (inputs?.Arrays ?? []).OrderBy(item => item.Key, StringComparer.Ordinal))
            {
                Add(hash, name);
                Add(hash, array);
            }
        }
    }

    /// <summary>Adds an array's shape and numbers.</summary>
    public static void Add(IncrementalHash hash, NumericArray array)
    {
        Add(hash, string.Join(',', array.Shape));
        hash.AppendData(array.IsInteger ? MemoryMarshal.AsBytes(array.Integers) : MemoryMarshal.AsBytes(array.Floats));
    }

    /// <summary>Adds a text, whose length keeps it apart from the next one.</summary>
    public static void Add(IncrementalHash hash, string text) =>
        hash.AppendData(Encoding.UTF8.GetBytes($"{text.Length}:{text}"));

    /// <summary>
    /// What tells a model's file from others: the graph. Weights beside it are told apart by their length alone, which
    /// costs nothing.
    /// </summary>
    public static string ModelAt(string path)
    {
        using var stream = RegularFile.Open(path, message => new ModelFormatException(message));
        var graph = Convert.ToHexStringLower(SHA256.HashData(stream));
        var weights = Directory
            .EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path) + "*")
            .Select(file => new FileInfo(file).Length)
            .Order();
        return $"{graph} {string.Join(',', weights)}";
    }
}
