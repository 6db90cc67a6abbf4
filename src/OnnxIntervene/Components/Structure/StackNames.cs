using System.Collections.Immutable;
using OnnxIntervene.IR.Analysis;

namespace OnnxIntervene.Components.Structure;

/// <summary>
/// Names stacks beside each other: by the modules that they came from, else by what they are to each other, else by the
/// inputs that they are computed from, else by number.
/// </summary>
internal sealed class StackNames
{
    private const string Decoder = "decoder";

    // What a name says without: text_model is text.
    private static readonly string[] s_endings = ["_model", "_tower", "_transformer", "_backbone", "_encoder"];

    private static readonly (string Part, string Word)[] s_inputs =
    [
        (Decoder, Decoder),
        ("pixel", "vision"),
        ("image", "vision"),
        ("audio", "audio"),
        ("features", "audio"),
        ("input_values", "audio"),
        ("input_ids", "text"),
        ("token", "text"),
        ("text", "text"),
    ];

    private readonly ImmutableArray<(Stack Stack, ImmutableArray<int> Chain)> _stacks;
    private readonly Stack? _main;
    private readonly StreamSources _sources;
    private readonly ModuleTree _modules;

    private StackNames(
        ImmutableArray<(Stack Stack, ImmutableArray<int> Chain)> stacks,
        Stack? main,
        StreamSources sources,
        ModuleTree modules
    )
    {
        _stacks = stacks;
        _main = main;
        _sources = sources;
        _modules = modules;
    }

    /// <summary>The stacks with their names, which differ from each other.</summary>
    /// <param name="stacks">The stacks, and the numbers of their streams.</param>
    /// <param name="main">The model's own stack; null where none is.</param>
    /// <param name="sources">What the streams are computed from.</param>
    /// <param name="modules">The modules of the graph.</param>
    public static ImmutableArray<Stack> Of(
        ImmutableArray<(Stack Stack, ImmutableArray<int> Chain)> stacks,
        Stack? main,
        StreamSources sources,
        ModuleTree modules
    )
    {
        if (stacks.Length == 1 && main is not null)
            return [main];
        var names = new StackNames(stacks, main, sources, modules).Names();
        return [.. stacks.Select((item, index) => item.Stack with { Name = names[index] })];
    }

    private string[] Names()
    {
        foreach (var names in new[] { ByModules(), BySenses(), ByRoles(), ByInputs(Word), ByInputs(Plain) })
        {
            var given = names.Where(name => name.Length > 0).ToList();
            if (given.Count > 0 && given.Distinct(StringComparer.Ordinal).Count() == given.Count)
                return [.. names.Select((name, index) => name.Length > 0 ? name : $"stack{index + 1}")];
        }

        return [.. Enumerable.Range(1, _stacks.Length).Select(number => $"stack{number}")];
    }

    // The module at which a stack's path parts from all others.
    private string[] ByModules()
    {
        var paths = _stacks.Select(item => PathOf(item.Stack).Split('.')).ToList();
        string[] names = [.. paths.Select((path, index) => Parting(path, paths.Where((_, other) => other != index)))];
        string[] shortened = [.. names.Select(Short)];
        return shortened.Distinct(StringComparer.Ordinal).Count() == names.Length ? shortened : names;
    }

    private static string Parting(string[] path, IEnumerable<string[]> others)
    {
        var shared = others
            .Select(other => path.Zip(other).TakeWhile(pair => pair.First == pair.Second).Count())
            .DefaultIfEmpty(0)
            .Max();
        if (shared >= path.Length)
            return "";
        var isNumber = shared > 0 && path[shared].All(char.IsAsciiDigit);
        return Plain(isNumber ? path[shared - 1] + path[shared] : path[shared]);
    }

    private string PathOf(Stack stack) =>
        stack
            .Layers.SelectMany(layer => layer)
            .Select(part => part.Addition is { } sum ? _modules.PathOf(sum) : "")
            .Where(path => path.Length > 0)
            .Distinct(StringComparer.Ordinal)
            .DefaultIfEmpty("")
            .Aggregate(ModuleTree.Common);

    // Towers that read texts, images or sounds: all of them, or none is called so.
    private string[] BySenses()
    {
        var words = ByInputs(Word);
        return words.All(word => word != Decoder && s_inputs.Any(known => known.Word == word))
            ? words
            : [.. words.Select(_ => "")];
    }

    private string[] ByRoles()
    {
        var looksAcross = _main?.Layers.Any(layer => layer.Any(part => part.IsCross)) is true;
        return
        [
            .. _stacks.Select(item =>
                !looksAcross || _stacks.Length != 2 ? ""
                : item.Stack == _main ? Decoder
                : "encoder"
            ),
        ];
    }

    private string[] ByInputs(Func<string, string> word)
    {
        var inputs = _stacks.Select(item => _sources.InputsOfStart(item.Chain[0]).ToList()).ToList();
        return
        [
            .. inputs.Select(
                (own, index) =>
                    own.Where(input => inputs.Count(other => other.Contains(input)) == 1)
                        .Select(input => word(_sources.Inputs[input].Name))
                        .FirstOrDefault("")
            ),
        ];
    }

    private static string Word(string input)
    {
        foreach (var (part, word) in s_inputs)
        {
            if (input.Contains(part, StringComparison.OrdinalIgnoreCase))
                return word;
        }

        return Short(input);
    }

    private static string Plain(string name) =>
        string.Concat(name.Select(sign => char.IsAsciiLetterOrDigit(sign) ? sign : '_'));

    private static string Short(string name)
    {
        var plain = Plain(name);
        var ending = s_endings.FirstOrDefault(end => plain.EndsWith(end, StringComparison.Ordinal), "");
        return plain.Length > ending.Length ? plain[..^ending.Length] : plain;
    }
}
