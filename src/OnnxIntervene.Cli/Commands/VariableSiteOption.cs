using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Alignment;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Sites of variables, as <c>NAME=LAYER:POSITION</c>.</summary>
internal sealed class VariableSiteOption
{
    private readonly Option<string[]> _at;

    /// <param name="what">What a variable with a site is.</param>
    public VariableSiteOption(string what) =>
        _at = new("--at")
        {
            Description =
                $"{what} NAME=LAYER:POSITION, or NAME=LAYER:POSITION:HEAD; NAME is a variable of --causal, or its "
                + "number among the sources of --data, from 0. Can be given several times.",
        };

    public void AddTo(Command command) => command.Add(_at);

    /// <summary>The sites by the variables' numbers.</summary>
    /// <exception cref="InterventionException">A text is no site, or names no variable.</exception>
    public ImmutableSortedDictionary<int, VariableSite> Read(ParseResult arguments, ImmutableArray<string> variables)
    {
        var sites = ImmutableSortedDictionary.CreateBuilder<int, VariableSite>();
        foreach (var text in arguments.GetValue(_at) ?? [])
        {
            var (name, site) = Site(text);
            var number = variables.IndexOf(name);
            if (number < 0)
                throw new InterventionException(
                    $"{_at.Name} '{text}': no variable '{name}' is looked for; there are: "
                        + $"{string.Join(", ", variables)}."
                );
            if (!sites.TryAdd(number, site))
                throw new InterventionException($"{_at.Name}: '{name}' is given two sites; give it one.");
        }

        return sites.ToImmutable();
    }

    private (string Name, VariableSite Site) Site(string text)
    {
        var end = text.IndexOf('=');
        var parts = text[(end + 1)..].Split(':');
        if (
            end < 1
            || parts.Length is < 2 or > 3
            || !TryParse(parts[0], out var layer)
            || string.IsNullOrWhiteSpace(parts[1])
        )
            throw Unreadable(text);
        var site = new VariableSite(layer, ExamplePosition.Parse(parts[1]));
        return parts.Length == 2 ? (text[..end], site)
            : TryParse(parts[2], out var head) ? (text[..end], site with { Head = head })
            : throw Unreadable(text);
    }

    private InterventionException Unreadable(string text) =>
        new($"{_at.Name}: '{text}' is not NAME=LAYER:POSITION or NAME=LAYER:POSITION:HEAD, such as left=0:last.");

    private static bool TryParse(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
