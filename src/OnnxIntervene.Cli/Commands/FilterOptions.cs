using System.CommandLine;
using OnnxIntervene.Hub;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Which files are transferred.</summary>
internal sealed class FilterOptions(HubFilter otherwise)
{
    private readonly Option<string[]> _include = new("--include")
    {
        Description = "Only files that fit this pattern, such as \"onnx/*\"; may be repeated. \"*\" takes everything.",
    };
    private readonly Option<string[]> _exclude = new("--exclude")
    {
        Description = "No files that fit this pattern; may be repeated.",
    };

    public void AddTo(Command command)
    {
        command.Add(_include);
        command.Add(_exclude);
    }

    /// <summary>The filter that was asked for; the user's patterns replace the default ones.</summary>
    public HubFilter Read(ParseResult arguments)
    {
        var filter = arguments.GetValue(_include) is { Length: > 0 } include
            ? new HubFilter([.. include], [])
            : otherwise;
        return filter with { Exclude = [.. filter.Exclude, .. arguments.GetValue(_exclude) ?? []] };
    }
}
