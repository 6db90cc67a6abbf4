using System.Globalization;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;

namespace OnnxIntervene.Steering;

/// <summary>
/// Steering vectors in files: <c>.safetensors</c> and <c>.npz</c> with a tensor <c>COMPONENT.LAYER</c> for each layer,
/// llama.cpp's and repeng's control vectors (<c>.gguf</c>, <c>direction.LAYER</c>), one direction whose layer the user
/// gives (<c>.npy</c>, or <c>FILE#NAME</c> of several tensors), and the latents of sparse autoencoders
/// (<c>FILE#NUMBER</c>, a row of <c>W_dec</c>).
/// </summary>
public static class SteeringVectorFile
{
    private const string ControlVectorEnding = ".gguf";

    /// <summary>Reads a file.</summary>
    /// <param name="reference">The file, with <c>#NAME</c> for one of its tensors.</param>
    /// <param name="layers">
    /// The layers: which to take of a file that has several, and where a direction goes that is named or stands alone.
    /// Null or none for those that the file says.
    /// </param>
    /// <param name="component">
    /// The component: which to take of a file that has several, and where a direction goes whose file does not say it.
    /// Null for what the file says, else <see cref="SteeringVector.Stream"/>.
    /// </param>
    /// <exception cref="ModelFormatException">The file is not well formed, or holds no directions.</exception>
    /// <exception cref="InterventionException">
    /// The layer is missing, there is no direction for it, or the file does not tell which of its tensors is meant.
    /// </exception>
    public static SteeringVector Read(
        string reference,
        IReadOnlyCollection<int>? layers = null,
        string? component = null
    )
    {
        ArgumentNullException.ThrowIfNull(reference);
        var file = DirectionFile.Open(reference);
        return file.Name is null ? file.All(layers ?? [], component) : file.Named(layers ?? [], component);
    }

    /// <summary>The file that a reference names, without <c>#NAME</c>.</summary>
    /// <param name="reference">The file, with <c>#NAME</c> for one of its tensors.</param>
    public static string FileOf(string reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return DirectionFile.Split(reference).Path;
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
}
