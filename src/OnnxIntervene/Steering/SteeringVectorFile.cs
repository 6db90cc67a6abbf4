using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Steering;

/// <summary>
/// Steering vectors in files: <c>.safetensors</c> with a tensor <c>COMPONENT.LAYER</c> for each layer, llama.cpp's and
/// repeng's control vectors (<c>.gguf</c>, <c>direction.LAYER</c>), or <c>.npy</c> with one direction, whose layer the
/// user gives.
/// </summary>
public static class SteeringVectorFile
{
    private const string ControlVectorEnding = ".gguf";
    private const string NumpyEnding = ".npy";

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layer">The layer of a file that holds one direction and does not say where; null for none.</param>
    /// <exception cref="ModelFormatException">The file is not well formed, or holds no directions.</exception>
    /// <exception cref="InterventionException">The layer is missing.</exception>
    public static SteeringVector Read(string path, int? layer = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Path.GetExtension(path) switch
        {
            ControlVectorEnding => new SteeringVector(SteeringVector.Stream, ControlVector.Read(path).Directions),
            NumpyEnding => SteeringVector.At(
                layer
                    ?? throw new InterventionException(
                        $"'{path}' does not say which layer its direction is for; give the layer."
                    ),
                Direction(NumpyFile.Read(path), path)
            ),
            _ => ReadTensors(SafetensorsFile.Open(path), path, layer),
        };
    }

    /// <summary>Writes a file of the kind that its ending says.</summary>
    /// <param name="path">The file, <c>.safetensors</c> or <c>.gguf</c>.</param>
    /// <param name="vector">What is written.</param>
    /// <param name="metadata">What is said about it besides, by name: how it was made.</param>
    /// <exception cref="InterventionException">
    /// The ending is another, or a control vector is for another component.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, SteeringVector vector, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(vector);
        CheckPath(path, vector.Component);
        if (Path.GetExtension(path) == ControlVectorEnding)
            new ControlVector(metadata?.GetValueOrDefault("model") ?? "", vector.Directions).Write(path);
        else
            SafetensorsFile.Write(
                path,
                vector.Directions.ToDictionary(
                    entry => string.Create(CultureInfo.InvariantCulture, $"{vector.Component}.{entry.Key}"),
                    entry => entry.Value
                ),
                metadata
            );
    }

    /// <summary>Throws unless a steering vector can be written to a path.</summary>
    /// <exception cref="InterventionException">The ending is not known, or does not fit the component.</exception>
    public static void CheckPath(string path, string component)
    {
        var ending = Path.GetExtension(path);
        if (ending is not (".safetensors" or ControlVectorEnding))
            throw new InterventionException($"'{path}' must end in .safetensors or {ControlVectorEnding}.");
        if (ending == ControlVectorEnding && component != SteeringVector.Stream)
            throw new InterventionException(
                $"A control vector ({ControlVectorEnding}) is for {SteeringVector.Stream}, not {component}; write "
                    + ".safetensors."
            );
    }

    private static SteeringVector ReadTensors(SafetensorsFile file, string path, int? layer)
    {
        var names = file.Names.ToList();
        if (names.Count == 1 && layer is { } given && Place(names[0]) is null)
            return SteeringVector.At(given, Direction(file.Read(names[0]), path));
        var directions = ImmutableSortedDictionary.CreateBuilder<int, NumericArray>();
        string? component = null;
        foreach (var name in names)
        {
            var place =
                Place(name)
                ?? throw new ModelFormatException(
                    $"'{path}': the tensor '{name}' is not named COMPONENT.LAYER, such as {SteeringVector.Stream}.3"
                        + (names.Count == 1 ? "; or give the layer." : ".")
                );
            component ??= place.Component;
            if (place.Component != component)
                throw new ModelFormatException(
                    $"'{path}' has directions for {component} and for {place.Component}; a steering vector has one "
                        + "component."
                );
            directions[place.Layer] = Direction(file.Read(name), path);
        }

        return component is not null
            ? new SteeringVector(component, directions.ToImmutable())
            : throw new ModelFormatException($"'{path}' holds no directions.");
    }

    // repeng's name stands for the stream.
    private static (string Component, int Layer)? Place(string name)
    {
        var dot = name.LastIndexOf('.');
        if (
            dot <= 0
            || !int.TryParse(name[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
        )
            return null;
        return (name[..dot] == "direction" ? SteeringVector.Stream : name[..dot], layer);
    }

    private static NumericArray Direction(NumericArray array, string path) =>
        array is { IsInteger: false, Length: > 0 } && array.Shape.Count(size => size > 1) <= 1
            ? array.Reshape(array.Length)
            : throw new ModelFormatException($"'{path}' holds {array}; a direction is a list of floats.");
}
