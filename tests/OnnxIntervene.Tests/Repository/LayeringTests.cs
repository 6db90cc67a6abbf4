using System.Text.RegularExpressions;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Repository;

/// <summary>Stages depend in one direction only: a folder reads those before it in this list.</summary>
public sealed partial class LayeringTests
{
    private static readonly string[] s_order =
    [
        "IR",
        "IR.Serialization",
        "Formats",
        "Hub",
        "Numerics",
        "Components.Structure",
        "Components",
        "Interventions",
        "Splicing.Arithmetic",
        "Splicing",
        "Tokenization",
        "Execution.Planning",
        "Execution",
        "Sweeps",
        "Cli.Output",
        "Cli.Commands",
        "Cli",
    ];

    // Opening and saving are asked for by name; everything else of serialization stays behind the door.
    private static readonly string[] s_loose = ["Reports"];

    [Test]
    public void No_using_line_points_backwards()
    {
        var backward = Directory
            .EnumerateFiles(Path.Combine(RepositoryPaths.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file =>
                !file.Contains(
                    $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}",
                    StringComparison.Ordinal
                )
            )
            .SelectMany(Backward)
            .ToList();

        Assert.That(backward, Is.Empty, string.Join(Environment.NewLine, backward));
    }

    [Test]
    public void Only_serialization_knows_protobuf()
    {
        var knowing = Directory
            .EnumerateFiles(Path.Combine(RepositoryPaths.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file =>
                !file.Contains("obj", StringComparison.Ordinal)
                && File.ReadAllText(file).Contains("Google.Protobuf", StringComparison.Ordinal)
            )
            .Select(file => Path.GetFileName(Path.GetDirectoryName(file)))
            .Distinct();

        Assert.That(knowing, Is.EqualTo(new[] { "Serialization" }));
    }

    private static IEnumerable<string> Backward(string file)
    {
        var text = File.ReadAllText(file);
        var own = Namespaces().Match(text).Groups["name"].Value;
        foreach (Match line in Usings().Matches(text))
        {
            var used = line.Groups["name"].Value;
            if (!s_loose.Contains(used) && Array.IndexOf(s_order, used) > Array.IndexOf(s_order, own) && own.Length > 0)
                yield return $"{Path.GetFileName(file)}: {own} reads {used}";
        }
    }

    [GeneratedRegex(@"^namespace OnnxIntervene\.(?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespaces();

    [GeneratedRegex(@"^using OnnxIntervene\.(?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Usings();
}
