using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Repository;

/// <summary>What fits on a screen is read. Data between triple quotes may be as wide as it is.</summary>
public sealed class SizeTests
{
    private const int LongestFile = 400;
    private const int LongestMethod = 50;
    private const int WidestLine = 120;

    private static IEnumerable<string> Files() =>
        new[] { "src", "tests", "benchmarks" }
            .SelectMany(folder =>
                Directory.EnumerateFiles(
                    Path.Combine(RepositoryPaths.Root, folder),
                    "*.cs",
                    SearchOption.AllDirectories
                )
            )
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    [Test]
    public void No_file_is_longer_than_400_lines() =>
        Assert.That(Files().Where(file => File.ReadLines(file).Count() > LongestFile), Is.Empty);

    [Test]
    public void No_method_is_longer_than_50_lines()
    {
        var methods = Files()
            .SelectMany(file =>
                Parse(file)
                    .GetRoot()
                    .DescendantNodes()
                    .OfType<BaseMethodDeclarationSyntax>()
                    .Where(method => Lines(method) > LongestMethod)
                    .Select(method =>
                        $"{file}: {Lines(method)} lines at {method.GetLocation().GetLineSpan().StartLinePosition}"
                    )
            );

        Assert.That(methods, Is.Empty, string.Join(Environment.NewLine, methods));
    }

    [Test]
    public void No_line_is_wider_than_120_columns()
    {
        var wide = Files().SelectMany(file => WideLines(file).Select(line => $"{file}: {line}"));

        Assert.That(wide, Is.Empty, string.Join(Environment.NewLine, wide));
    }

    private static IEnumerable<string> WideLines(string file)
    {
        var lines = File.ReadAllLines(file);
        var wide = Enumerable.Range(0, lines.Length).Where(index => lines[index].Length > WidestLine).ToList();
        if (wide.Count == 0)
            return [];
        var data = RawStringLines(file);
        return wide.Where(index => !data.Contains(index)).Select(index => lines[index]);
    }

    // The lines that hold text between triple quotes.
    private static HashSet<int> RawStringLines(string file) =>
        Parse(file)
            .GetRoot()
            .DescendantNodes()
            .Where(node => node is LiteralExpressionSyntax or InterpolatedStringExpressionSyntax)
            .Where(node => node.GetFirstToken().Text.Contains("\"\"\"", StringComparison.Ordinal))
            .Select(node => node.GetLocation().GetLineSpan())
            .SelectMany(span =>
                Enumerable.Range(
                    span.StartLinePosition.Line,
                    span.EndLinePosition.Line - span.StartLinePosition.Line + 1
                )
            )
            .ToHashSet();

    private static Microsoft.CodeAnalysis.SyntaxTree Parse(string file) =>
        CSharpSyntaxTree.ParseText(File.ReadAllText(file), new CSharpParseOptions(LanguageVersion.Preview));

    private static int Lines(BaseMethodDeclarationSyntax method)
    {
        var body = ((Microsoft.CodeAnalysis.SyntaxNode?)method.Body ?? method.ExpressionBody)
            ?.GetLocation()
            .GetLineSpan();
        return body is { } span ? span.EndLinePosition.Line - span.StartLinePosition.Line + 1 : 0;
    }
}
