using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Steering;

/// <summary>A file of directions as its tensors by name; numbers are read when they are asked for.</summary>
internal sealed class DirectionFile
{
    private const string Decoder = "W_dec";

    // repeng's name for a direction, which does not say the component.
    private const string Unplaced = "direction";

    // The name of a file's only array, where it has none.
    private const string Nameless = "";
    private const int MostShown = 20;

    private readonly string _path;
    private readonly ImmutableArray<string> _names;
    private readonly Func<string, NumericArray> _read;

    private DirectionFile(string path, string? name, IEnumerable<string> names, Func<string, NumericArray> read) =>
        (_path, Name, _names, _read) = (path, name, [.. names], read);

    /// <summary>The tensor that was asked for; null for the whole file.</summary>
    public string? Name { get; }

    /// <summary>Opens a file by its ending.</summary>
    /// <exception cref="ModelFormatException">The file is missing or not well formed.</exception>
    /// <exception cref="InterventionException">The ending is none of a file of directions.</exception>
    public static DirectionFile Open(string reference)
    {
        var (path, name) = Split(reference);
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".gguf":
                var control = ControlVector.Read(path).Directions;
                var keys = control.ToDictionary(
                    entry => string.Create(CultureInfo.InvariantCulture, $"{Unplaced}.{entry.Key}"),
                    entry => entry.Value
                );
                return new DirectionFile(path, name, keys.Keys, key => keys[key]);
            case ".npy":
                return new DirectionFile(path, name, [Nameless], _ => NumpyFile.Read(path));
            case ".npz":
                var arrays = NpzFile.Read(path);
                return new DirectionFile(path, name, arrays.Keys, key => arrays[key]);
            case ".safetensors":
                var tensors = SafetensorsFile.Open(path);
                return new DirectionFile(path, name, tensors.Names, tensors.Read);
            case OnnxAdapter.Extension:
                throw OfInputs(path, OnnxAdapter.Read(path));
            default:
                throw new InterventionException(
                    $"'{reference}': a steering vector's file ends in .safetensors, .gguf, .npz or .npy."
                );
        }
    }

    private static InterventionException OfInputs(string path, OnnxAdapter adapter) =>
        new(
            $"'{path}' is an adapter of ONNX Runtime's: it feeds inputs of the one model that was baked with it "
                + $"({string.Join(", ", adapter.Parameters.Keys.Take(MostShown))}), and says of no component what is "
                + "added to it. Activate it in a run of that model, or bake the vector that it was made of."
        );

    /// <summary>Every direction of the file, at the layers that are asked for.</summary>
    public SteeringVector All(IReadOnlyCollection<int> layers, string? component)
    {
        if (_names.Length == 0)
            throw new ModelFormatException($"'{_path}' holds no directions: it has no tensors.");
        if (_names is [var only] && Place(only) is null)
            return At(layers, component, Direction(_read(only), only));
        var places = _names.Select(name => (Name: name, Place: Place(name) ?? throw Unnamed(name))).ToList();
        var components = places.Select(item => item.Place.Component ?? component).Distinct().ToList();
        var chosen = component ?? (components is [var single] ? single ?? SteeringVector.Stream : null);
        if (chosen is null)
            throw new InterventionException(
                $"'{_path}' has directions for {string.Join(", ", components.Select(Shown))}; say which component."
            );
        var own = places.Where(item => (item.Place.Component ?? chosen) == chosen).ToList();
        if (own.Count == 0)
            throw new InterventionException(
                $"'{_path}' has no directions for {chosen}, but for {string.Join(", ", components.Select(Shown))}."
            );
        var wanted = own.Where(item => layers.Count == 0 || layers.Contains(item.Place.Layer));
        var vector = new SteeringVector(
            chosen,
            wanted.ToImmutableSortedDictionary(item => item.Place.Layer, item => Direction(_read(item.Name), item.Name))
        );
        var missing = layers.Except(vector.Directions.Keys).ToList();
        return missing.Count == 0
            ? vector
            : throw new InterventionException(
                $"'{_path}' has no direction for layer {string.Join(", ", missing)}; it has layers "
                    + $"{string.Join(", ", own.Select(item => item.Place.Layer).Order())}."
            );
    }

    /// <summary>The direction that was asked for by name, at the layers that are asked for.</summary>
    public SteeringVector Named(IReadOnlyCollection<int> layers, string? component)
    {
        if (!_names.Contains(Name!))
            return At(layers, component, Latent());
        var place = Place(Name!);
        return At(
            layers.Count == 0 && place is { } said ? [said.Layer] : layers,
            component ?? place?.Component,
            Direction(_read(Name!), Name!)
        );
    }

    /// <summary>The file and the tensor that a reference names; a '#' may belong to the path.</summary>
    public static (string Path, string? Name) Split(string reference)
    {
        var mark = reference.LastIndexOf('#');
        return mark <= 0 || File.Exists(reference) ? (reference, null) : (reference[..mark], reference[(mark + 1)..]);
    }

    private static (string? Component, int Layer)? Place(string name)
    {
        var dot = name.LastIndexOf('.');
        if (
            dot <= 0
            || !int.TryParse(name[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
        )
            return null;
        return (name[..dot] == Unplaced ? null : name[..dot], layer);
    }

    private static string Shown(string? component) => component ?? SteeringVector.Stream;

    private SteeringVector At(IReadOnlyCollection<int> layers, string? component, NumericArray direction) =>
        layers.Count > 0
            ? new SteeringVector(
                component ?? SteeringVector.Stream,
                layers.ToImmutableSortedDictionary(layer => layer, _ => direction)
            )
            : throw new InterventionException(
                $"'{_path}' does not say which layer its direction is for; give the layer."
            );

    // What a latent of a sparse autoencoder adds when it is active.
    private NumericArray Latent()
    {
        if (!_names.Contains(Decoder) || !int.TryParse(Name, CultureInfo.InvariantCulture, out var number))
            throw new InterventionException($"'{_path}' holds no tensor '{Name}'; it holds {Listed}.");
        var decoder = _read(Decoder);
        if (decoder.IsInteger || decoder.Shape is not [var latents, _])
            throw new ModelFormatException($"'{_path}': '{Decoder}' is {decoder}; a matrix of floats is expected.");
        return number >= 0 && number < latents
            ? Direction(decoder.Row(number), Name!)
            : throw new InterventionException($"'{_path}' has no latent {number}; its latents are 0 to {latents - 1}.");
    }

    private NumericArray Direction(NumericArray array, string name)
    {
        var place = name == Nameless ? $"'{_path}'" : $"'{_path}': '{name}'";
        if (array.IsInteger || array.Length == 0 || array.Shape.Count(size => size > 1) > 1)
            throw new ModelFormatException($"{place} is {array}; a direction is a list of floats.");
        return FiniteArray.Of(array, place).Reshape(array.Length);
    }

    private InterventionException Unnamed(string name) =>
        new(
            _names.Contains(Decoder)
                ? $"'{_path}' holds a sparse autoencoder; name a latent: {Path.GetFileName(_path)}#NUMBER."
                : $"'{_path}': the tensor '{name}' is not named COMPONENT.LAYER, such as {SteeringVector.Stream}.3; "
                    + $"name one of {Listed}: {Path.GetFileName(_path)}#NAME."
        );

    private string Listed =>
        string.Join(", ", _names.Take(MostShown).Select(name => name == Nameless ? "one array without a name" : name));
}
