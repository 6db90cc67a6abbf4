using System.Collections.Immutable;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Planning.Files;

/// <summary>
/// A steering vector in a file: <c>.npy</c>; a tensor of a <c>.safetensors</c> or <c>.npz</c> file (<c>#name</c> where
/// it holds several); or a control vector of llama.cpp (<c>.gguf</c>), which has a direction for each of some layers.
/// </summary>
public static class VectorFile
{
    /// <summary>The vector added to a component at every position.</summary>
    /// <param name="reference">The file, with <c>#name</c> where it holds several tensors.</param>
    /// <param name="layer">The layer; null for the layers of a control vector.</param>
    /// <param name="component">The component.</param>
    /// <param name="coefficient">What the vector is multiplied with.</param>
    /// <exception cref="InterventionException">
    /// The layer is missing, or the file has no direction for it, or holds something else than a vector.
    /// </exception>
    /// <exception cref="ModelFormatException">The file is not well formed.</exception>
    public static RunFile Read(string reference, int? layer, string component, float coefficient)
    {
        ArgumentNullException.ThrowIfNull(reference);
        var additions = Directions(reference, layer)
            .Select(direction => new RepresentationConfig
            {
                Layer = direction.Layer,
                Component = component,
                InterventionType = InterventionType.Addition,
                SourceRepresentation = direction.Vector,
            });
        return new RunFile(
            new IntervenableConfig { Representations = [.. additions] },
            null,
            new RunSettings { Coefficients = [Coefficient.Of(coefficient)], OutputOriginalOutput = true }
        );
    }

    private static IEnumerable<(int Layer, NumericArray Vector)> Directions(string reference, int? layer)
    {
        if (reference.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return OfControlVector(ControlVector.Read(reference), reference, layer);
        return layer is { } wanted
            ? [(wanted, Vector(reference))]
            : throw new InterventionException($"'{reference}' holds one vector; say which layer it is for (--layer).");
    }

    private static IEnumerable<(int Layer, NumericArray Vector)> OfControlVector(
        ControlVector control,
        string path,
        int? layer
    )
    {
        if (layer is not { } wanted)
            return control.Directions.Select(direction => (direction.Key, direction.Value));
        return control.Directions.TryGetValue(wanted, out var vector)
            ? [(wanted, vector)]
            : throw new InterventionException(
                $"'{path}' has no direction for layer {wanted}; it has {string.Join(", ", control.Directions.Keys)}."
            );
    }

    private static NumericArray Vector(string reference)
    {
        var array = Array(reference);
        return !array.IsInteger && array.Shape.Count(size => size != 1) <= 1
            ? array.Reshape(array.Length)
            : throw new InterventionException($"'{reference}' holds {array}; a vector of floats is expected.");
    }

    private static NumericArray Array(string reference)
    {
        if (reference.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
            return NumpyFile.Read(reference);
        var mark = reference.LastIndexOf('#');
        var (path, name) = mark > 0 ? (reference[..mark], reference[(mark + 1)..]) : (reference, null);
        if (path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
        {
            var arrays = NpzFile.Read(path);
            return arrays[Chosen([.. arrays.Keys], name, path)];
        }

        if (!path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw new InterventionException(
                $"'{reference}': a vector's file ends in .npy, .npz, .safetensors or .gguf."
            );
        var file = SafetensorsFile.Open(path);
        return file.Read(Chosen([.. file.Names], name, path));
    }

    private static string Chosen(ImmutableArray<string> names, string? name, string path) =>
        name is not null && names.Contains(name) ? name
        : name is null && names is [var only] ? only
        : throw new InterventionException(
            $"'{path}' holds the tensors {string.Join(", ", names.Take(20))}; name one: {Path.GetFileName(path)}#NAME."
        );
}
