using System.Collections.Immutable;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Execution;

/// <summary>Reads inputs of any kind (images, features, hidden states) from files of arrays.</summary>
public static class InputFile
{
    private const long LongestTexts = 1 << 26;

    /// <summary>The texts of a file, one a line; empty lines are left out.</summary>
    /// <exception cref="ModelFormatException">The file is not UTF-8 text.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ImmutableArray<string> ReadTexts(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var text = RegularFile.ReadText(path, LongestTexts, message => new ModelFormatException(message));
        return [.. text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => !string.IsNullOrWhiteSpace(line))];
    }

    /// <summary>
    /// Reads a file for a model: each tensor of a .safetensors file is the input of its name; the array of a .npy file
    /// is the only input, or the first that must be given. Integers become floats where the model declares floats.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that takes the inputs.</param>
    /// <param name="given">Inputs that are given already, such as a text's tokens; the file's are added.</param>
    /// <exception cref="ModelFormatException">The file is not well formed.</exception>
    /// <exception cref="InterventionException">An array is not an input of the model, or does not fit it.</exception>
    public static ModelInputs Read(string path, Model model, ModelInputs? given = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(model);
        var inputs = model.Graph.Inputs.Where(input => !input.IsConstant).ToList();
        var arrays = given?.Arrays ?? ImmutableDictionary<string, NumericArray>.Empty;
        foreach (var (name, array) in Arrays(path, inputs, arrays))
        {
            var input =
                inputs.Find(input => input.Name == name)
                ?? throw new InterventionException(
                    $"'{path}': the model has no input '{name}'. It has: "
                        + $"{string.Join(", ", inputs.Select(item => item.Name))}."
                );
            if (arrays.ContainsKey(name))
                throw new InterventionException($"'{path}': the input '{name}' is given twice.");
            arrays = arrays.Add(name, Fitted(array, input, path));
        }

        return arrays.Values.Any(array => array.Shape.Length > 0)
            ? new ModelInputs(arrays)
            : throw new InterventionException($"'{path}' holds no array with an axis of examples.");
    }

    private static IEnumerable<(string Name, NumericArray Array)> Arrays(
        string path,
        List<Value> inputs,
        ImmutableDictionary<string, NumericArray> given
    )
    {
        if (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            var file = SafetensorsFile.Open(path);
            return file.Names.Select(name => (name, file.Read(name)));
        }

        if (!path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
            throw new InterventionException($"'{path}': the file must end in .npy or .safetensors.");
        var open = inputs.Where(input => !given.ContainsKey(input.Name)).ToList();
        var wanted =
            open.Find(input => !InputFiller.CanFill(input.Name))
            ?? (open.Count == 1 ? open[0] : null)
            ?? throw new InterventionException(
                $"'{path}': no input of the model is left that the array could be; name it in a .safetensors file."
            );
        return [(wanted.Name, NumpyFile.Read(path))];
    }

    private static NumericArray Fitted(NumericArray array, Value input, string path)
    {
        if (input.Type?.Shape is { } shape && !Fits(array, shape))
            throw new InterventionException(
                $"'{path}': the input '{input.Name}' is {shape} in the model, but {array} was given."
            );
        return array.IsInteger && input.Type?.ElementType.IsFloat() == true
            ? NumericArray.Of(Array.ConvertAll(array.Integers.ToArray(), number => (float)number), array.Shape.AsSpan())
            : array;
    }

    private static bool Fits(NumericArray array, Shape shape) =>
        array.Shape.Length == shape.Rank
        && array
            .Shape.Select((size, axis) => shape[axis].Size is not { } declared || declared == size)
            .All(fits => fits);
}
