using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using OnnxIntervene.Execution;
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
    public static string Of(GridStudy study) =>
        Of(
            study.GetType().Name,
            study.Model,
            [
                study.Description,
                .. study.Metrics.Select(metric => metric.Name),
                .. study.Sites.Select(site => site.ToString()),
                .. study.Layouts.Select(layout =>
                    $"{layout.Name} {string.Join(',', layout.Rows)} {string.Join(',', layout.Columns)}"
                ),
                string.Join(',', Enumerable.Range(0, study.Prompts.Length).Select(study.CellsIn)),
            ],
            study.Prompts
        );

    /// <summary>The same of any study.</summary>
    /// <param name="kind">Which kind of study.</param>
    /// <param name="model">The model; its file is read.</param>
    /// <param name="facts">What is written and measured.</param>
    /// <param name="prompts">The prompts.</param>
    public static string Of(
        string kind,
        LoadedModel model,
        IEnumerable<string> facts,
        ImmutableArray<StudyPrompt> prompts
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, kind);
        Add(hash, ModelIdentity.At(model.File.Path));
        foreach (var fact in facts)
            Add(hash, fact);
        foreach (var prompt in prompts)
            Add(hash, prompt);
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

    /// <summary>The hash as numbers, which files of tensors hold; it begins anew.</summary>
    public static NumericArray Numbers(IncrementalHash hash)
    {
        var bytes = hash.GetHashAndReset();
        return NumericArray.Of(MemoryMarshal.Cast<byte, long>(bytes).ToArray(), bytes.Length / sizeof(long));
    }

    /// <summary>Adds a text, whose length keeps it apart from the next one.</summary>
    public static void Add(IncrementalHash hash, string text) =>
        hash.AppendData(Encoding.UTF8.GetBytes($"{text.Length}:{text}"));
}
