using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.CausalModels;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>The arrays of one set of interchanges in a file, checked against each other.</summary>
internal sealed class InterchangeArrays
{
    private const string Base0 = "base";
    private const string Tokens0 = "base_ids";

    private readonly SafetensorsFile _file;
    private readonly string _path;
    private readonly string _prefix;

    /// <exception cref="ModelFormatException">An array is missing, or arrays do not fit each other.</exception>
    public InterchangeArrays(SafetensorsFile file, string path, string? set)
    {
        (_file, _path) = (file, path);
        _prefix = PrefixOf(set);
        AreTokens = file.Contains(_prefix + Tokens0);
        Base = Read(AreTokens ? Tokens0 : Base0);
        if (Base.Shape.IsEmpty || Base.Shape[0] == 0)
            throw new ModelFormatException($"{Name}: there are no examples; '{_prefix}{Base0}' is {Base}.");
        if (AreTokens != Base.IsInteger)
            throw new ModelFormatException(
                $"{Name}: '{_prefix}{(AreTokens ? Tokens0 : Base0)}' is {Base}; token ids are integers named "
                    + $"'{Tokens0}', and other inputs floats named '{Base0}'."
            );
        Sources = [.. SourceNames().Select(name => Fitting(Read(name), name))];
        Labels = Numbers(Find("labels", "label") ?? throw Missing("labels"));
        BaseLabels = Find("base_labels", "label_without_swap") is { } known ? Numbers(known) : null;
        Kinds = Find("kind") is { } kind ? Kind(Numbers(kind)) : null;
    }

    /// <summary>What messages call the set.</summary>
    public string Name => _prefix.Length == 0 ? $"'{_path}'" : $"'{_path}', {_prefix[..^1]}";

    /// <summary>Whether bases and sources are token ids.</summary>
    public bool AreTokens { get; }

    /// <summary>The bases, an entry of the first axis each.</summary>
    public NumericArray Base { get; }

    /// <summary>The sources, each as the bases are.</summary>
    public ImmutableArray<NumericArray> Sources { get; }

    /// <summary>The right answers, integers <c>[example]</c>.</summary>
    public NumericArray Labels { get; }

    /// <summary>The right answers without interchange; null where the file does not tell.</summary>
    public NumericArray? BaseLabels { get; }

    /// <summary>Which sources each example interchanges; null for all.</summary>
    public NumericArray? Kinds { get; }

    /// <summary>The names of a file's sets; an empty one where names have nothing before them.</summary>
    public static List<string> SetsOf(SafetensorsFile file) =>
        [.. file.Names.SelectMany(name => new[] { Base0, Tokens0 }.SelectMany(end => SetBefore(name, end))).Distinct()];

    private static IEnumerable<string> SetBefore(string name, string end) =>
        name == end ? [""]
        : name.EndsWith("." + end, StringComparison.Ordinal) || name.EndsWith("/" + end, StringComparison.Ordinal)
            ? [name[..^(end.Length + 1)]]
        : [];

    private string PrefixOf(string? set)
    {
        string[] prefixes = set is null ? [""] : [$"{set}.", $"{set}/"];
        return prefixes.FirstOrDefault(prefix => _file.Contains(prefix + Base0) || _file.Contains(prefix + Tokens0))
            ?? throw new ModelFormatException(
                $"'{_path}' has no array '{prefixes[0]}{Base0}' or '{prefixes[0]}{Tokens0}'. "
                    + (
                        SetsOf(_file) is { Count: > 0 } sets
                            ? $"Its sets are: {string.Join(", ", sets)}."
                            : $"It has: {string.Join(", ", _file.Names.Take(20))}."
                    )
            );
    }

    private List<string> SourceNames()
    {
        var end = AreTokens ? "_ids" : "";
        if (_file.Contains($"{_prefix}source{end}"))
            return [$"source{end}"];
        var numbered = Enumerable
            .Range(0, InterchangePattern.MostVariables)
            .Select(number => string.Create(CultureInfo.InvariantCulture, $"source{number}{end}"))
            .TakeWhile(name => _file.Contains(_prefix + name))
            .ToList();
        return numbered.Count > 0 ? numbered : throw Missing($"source{end}");
    }

    private NumericArray Fitting(NumericArray source, string name) =>
        source.IsInteger == Base.IsInteger && source.Shape[0] == Base.Shape[0]
            ? source
            : throw new ModelFormatException(
                $"{Name}: '{_prefix}{name}' is {source}, and the bases are {Base}; both need an entry for each example."
            );

    private NumericArray Numbers(string name)
    {
        var numbers = Read(name);
        var count = Base.Shape[0];
        return numbers.IsInteger && numbers.Length == count && numbers.Shape[0] == count
            ? numbers
            : throw new ModelFormatException(
                $"{Name}: '{_prefix}{name}' is {numbers}, but integers[{count}] is needed, one for each example."
            );
    }

    private NumericArray Kind(NumericArray kinds)
    {
        var most = (1L << Sources.Length) - 2;
        for (var index = 0; index < kinds.Length; index++)
        {
            if (kinds.Integers[index] is var kind && (kind < 0 || kind > most))
                throw new ModelFormatException(
                    $"{Name}, example {index + 1}: the kind is {kind}; with {Sources.Length} sources kinds are 0 to "
                        + $"{most}, the sources as bits, less one."
                );
        }

        return kinds;
    }

    private string? Find(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (_file.Contains(_prefix + name))
                return name;
        }

        return null;
    }

    private NumericArray Read(string name) => _file.Read(_prefix + name);

    private ModelFormatException Missing(string name)
    {
        var known = _file.Names.Where(other => other.StartsWith(_prefix, StringComparison.Ordinal)).Take(20);
        return new($"{Name}: there is no array '{_prefix}{name}'. There are: {string.Join(", ", known)}.");
    }
}
