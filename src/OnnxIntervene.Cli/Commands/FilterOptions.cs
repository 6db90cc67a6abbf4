using System.CommandLine;
using OnnxIntervene.Hub;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Which files go over the network.</summary>
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

    /// <summary>What is asked for; patterns of the user replace the usual ones.</summary>
    public HubFilter Read(ParseResult arguments)
    {
        var filter = arguments.GetValue(_include) is { Length: > 0 } include
            ? new HubFilter([.. include], [])
            : otherwise;
        return filter with { Exclude = [.. filter.Exclude, .. arguments.GetValue(_exclude) ?? []] };
    }
}
