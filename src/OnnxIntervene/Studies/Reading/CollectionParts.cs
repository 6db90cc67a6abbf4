using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Reading;

/// <summary>
/// The parts of a collection that are done, a safetensors file each: written beside and renamed, so that each is whole
/// whenever the process ends.
/// </summary>
internal sealed class CollectionParts
{
    private const string Identity = "identity";

    private readonly string _folder;
    private readonly int _sites;
    private readonly NumericArray _identity;

    /// <summary>The parts in a folder, which is made when the first is kept.</summary>
    public CollectionParts(string folder, IntervenableModel model, ModelInputs inputs) =>
        (_folder, _sites, _identity) = (folder, model.Config.Representations.Length, IdentityOf(model, inputs));

    /// <summary>What was collected of some examples; null where that is not done.</summary>
    /// <exception cref="InterventionException">The part is another collection's.</exception>
    /// <exception cref="ModelFormatException">The file is no part.</exception>
    public ImmutableArray<NumericArray>? Find(int first, int count)
    {
        var path = PathOf(first, count);
        if (!File.Exists(path))
            return null;
        var file = SafetensorsFile.Open(path);
        if (!file.Contains(Identity))
            throw new ModelFormatException($"'{path}' is no part of a collection: it has no '{Identity}'.");
        if (!file.Read(Identity).Integers.SequenceEqual(_identity.Integers))
            throw new InterventionException(
                $"'{path}' is a part of another collection: its model, components or inputs differ. Name another file "
                    + $"with --out, or remove '{_folder}' to begin anew."
            );
        return [.. Enumerable.Range(0, _sites).Select(site => file.Read(NameOf(site)))];
    }

    /// <summary>Keeps what was collected of some examples.</summary>
    public void Keep(int first, int count, ImmutableArray<NumericArray> values)
    {
        Directory.CreateDirectory(_folder);
        var tensors = values
            .Select((array, site) => (Name: NameOf(site), Array: array))
            .ToDictionary(item => item.Name, item => item.Array);
        tensors.Add(Identity, _identity);
        SafetensorsFile.Write(PathOf(first, count), tensors);
    }

    private static string NameOf(int site) => site.ToString(CultureInfo.InvariantCulture);

    private string PathOf(int first, int count) =>
        Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{first}-{first + count - 1}.safetensors"));

    private static NumericArray IdentityOf(IntervenableModel model, ModelInputs inputs)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        StudyIdentity.Add(hash, ModelIdentity.At(model.File.Path));
        StudyIdentity.Add(hash, model.Config.ToJson());
        foreach (var (name, array) in inputs.Arrays.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            StudyIdentity.Add(hash, name);
            StudyIdentity.Add(hash, array);
        }

        return StudyIdentity.Numbers(hash);
    }
}
