using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Comparing;

/// <summary>
/// Activations that another program saved: a .safetensors or .npz file of tensors <c>NAME.LAYER</c>, such as
/// <c>block_output.3</c>, of shape <c>[example, position, width]</c> (<c>attention_weight.3</c>: <c>[example, head,
/// query, key]</c>); the inputs that they were computed from by their own names (<c>input_ids</c>,
/// <c>attention_mask</c>, …), and <c>logits</c>. In memory.
/// </summary>
public sealed class ActivationFile
{
    /// <summary>The tensor that holds the model's first output.</summary>
    public const string Output = "logits";

    private readonly ImmutableSortedDictionary<string, NumericArray> _arrays;

    private ActivationFile(string path, ImmutableSortedDictionary<string, NumericArray> arrays)
    {
        Path = path;
        _arrays = arrays;
        var named = Addressed(arrays.Keys).ToLookup(pair => pair.Address, pair => pair.Name);
        if (named.FirstOrDefault(names => names.Count() > 1) is { } twice)
            throw new InterventionException(
                $"'{path}' holds {twice.Key} twice: as {string.Join(" and ", twice.Select(name => $"'{name}'"))}."
            );
        Addresses = named.ToImmutableDictionary(names => names.Key, names => names.Single());
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The components that it holds, with the tensors' names.</summary>
    public ImmutableDictionary<ComponentAddress, string> Addresses { get; }

    /// <summary>Whether a path names such a file, by its ending.</summary>
    public static bool IsOne(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return HasEnding(path, ".safetensors") || HasEnding(path, ".npz");
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelFormatException">The file is not well formed.</exception>
    /// <exception cref="InterventionException">The file holds no component, or one twice.</exception>
    public static ActivationFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = new ActivationFile(path, HasEnding(path, ".npz") ? NpzFile.Read(path) : Tensors(path));
        return file.Addresses.Count > 0
            ? file
            : throw new InterventionException(
                $"'{path}' holds no component. Its tensors are named NAME.LAYER, such as block_output.3; it has: "
                    + $"{string.Join(", ", file._arrays.Keys.Take(10))}."
            );
    }

    /// <summary>The tensor of a name; null when there is none.</summary>
    internal NumericArray? Find(string name) => _arrays.GetValueOrDefault(name);

    /// <summary>The tensors that are no components.</summary>
    internal IEnumerable<string> Others => _arrays.Keys.Except(Addresses.Values);

    private static ImmutableSortedDictionary<string, NumericArray> Tensors(string path)
    {
        var file = SafetensorsFile.Open(path);
        return file.Names.ToImmutableSortedDictionary(name => name, file.Read, StringComparer.Ordinal);
    }

    private static IEnumerable<(ComponentAddress Address, string Name)> Addressed(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            var dot = name.LastIndexOf('.');
            if (
                dot > 0
                && int.TryParse(name[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
                && ComponentNames.IsKnown(name[(name[..dot].LastIndexOf('.') + 1)..dot])
            )
                yield return (ComponentAddress.Parse(layer, name[..dot]), name);
        }
    }

    private static bool HasEnding(string path, string ending) =>
        path.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
}
