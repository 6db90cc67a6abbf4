using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// A control vector as llama.cpp and repeng save it: a direction for the output of each of some layers.
/// </summary>
/// <param name="ModelHint">The kind of model that it was made for; empty where the file does not say.</param>
/// <param name="Directions">
/// The directions by layer, counted from 0 as in <c>direction.N</c>, each as wide as the residual stream.
/// </param>
public sealed record ControlVector(string ModelHint, ImmutableSortedDictionary<int, NumericArray> Directions)
{
    private const string Prefix = "direction.";

    /// <summary>Reads a gguf file of the architecture <c>controlvector</c>.</summary>
    /// <exception cref="ModelFormatException">
    /// The file is not a control vector, or its directions differ in width or are not finite.
    /// </exception>
    public static ControlVector Read(string path)
    {
        var file = GgufFile.Open(path);
        if (file.Metadata.GetValueOrDefault("general.architecture") is var architecture and not "controlvector")
            throw new ModelFormatException($"'{path}' is not a control vector, but a file of '{architecture}'.");
        var directions = ImmutableSortedDictionary.CreateBuilder<int, NumericArray>();
        foreach (var name in file.Names)
        {
            if (
                !name.StartsWith(Prefix, StringComparison.Ordinal)
                || !int.TryParse(name[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
                || !directions.TryAdd(layer, FiniteArray.Of(file.Read(name), $"'{path}': '{name}'"))
            )
                throw new ModelFormatException($"'{path}': the tensor '{name}' is not a direction of a layer.");
        }

        if (directions.Count == 0)
            throw new ModelFormatException($"'{path}' holds no directions.");
        if (
            directions.Values.Any(direction => direction.Shape.Length != 1)
            || directions.Values.Select(direction => direction.Length).Distinct().Count() != 1
        )
            throw new ModelFormatException(
                $"'{path}' must hold directions of one width, but has: {string.Join(", ", directions.Values)}."
            );
        return new ControlVector(
            file.Metadata.GetValueOrDefault("controlvector.model_hint", ""),
            directions.ToImmutable()
        );
    }

    /// <summary>
    /// Writes the file as repeng's <c>export_gguf</c> does (gguf version 3): under another name in the same folder, and
    /// then renames it.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path) =>
        GgufWriter.Write(
            path,
            [
                ("general.architecture", "controlvector"),
                ("controlvector.model_hint", ModelHint),
                ("controlvector.layer_count", (uint)Directions.Count),
            ],
            Directions.Select(entry =>
                (string.Create(CultureInfo.InvariantCulture, $"{Prefix}{entry.Key}"), entry.Value)
            )
        );
}
