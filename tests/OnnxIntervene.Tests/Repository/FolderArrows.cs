using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OnnxIntervene.Tests.Repository;

/// <summary>
/// Which folders of source files name types of which other folders. The compiler says what a name means.
/// </summary>
internal static class FolderArrows
{
    // What ImplicitUsings brings.
    private const string GlobalUsings = """
        global using System; global using System.IO; global using System.Linq; global using System.Collections.Generic;
        global using System.Threading; global using System.Threading.Tasks; global using System.Net.Http;
        """;

    /// <summary>Every arrow from a folder to another one, with a file that draws it.</summary>
    /// <param name="sources">
    /// Files by their path from the root of the sources, such as <c>OnnxIntervene/Hub/HubFile.cs</c>.
    /// </param>
    public static IEnumerable<FolderArrow> Of(IReadOnlyDictionary<string, string> sources)
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview, DocumentationMode.Parse);
        var trees = sources.Select(source => CSharpSyntaxTree.ParseText(source.Value, options, source.Key)).ToList();
        var compilation = CSharpCompilation.Create(
            "sources",
            [.. trees, CSharpSyntaxTree.ParseText(GlobalUsings, options)],
            References(),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)
        );
        return trees.SelectMany(tree => Of(compilation.GetSemanticModel(tree), tree)).Distinct();
    }

    private static IEnumerable<FolderArrow> Of(SemanticModel model, SyntaxTree tree) =>
        tree.GetRoot()
            .DescendantNodes(descendIntoTrivia: true)
            .OfType<SimpleNameSyntax>()
            .Where(name => !name.Ancestors().Any(ancestor => ancestor is UsingDirectiveSyntax))
            .Select(name => DeclaringFile(model.GetSymbolInfo(name)))
            .OfType<string>()
            .Select(file => new FolderArrow(FolderOf(tree.FilePath), FolderOf(file), $"{tree.FilePath} names {file}"))
            .Where(arrow => arrow.From != arrow.To);

    // The file of the type that a name means: the type itself, its constructor, or an extension method of it.
    private static string? DeclaringFile(SymbolInfo info)
    {
        var symbol = info.Symbol ?? info.CandidateSymbols.FirstOrDefault();
        var type = symbol switch
        {
            INamedTypeSymbol named => named,
            IMethodSymbol { ReducedFrom: { } extension } => extension.ContainingType,
            IMethodSymbol { MethodKind: MethodKind.Constructor } constructor => constructor.ContainingType,
            _ => null,
        };
        while (type?.ContainingType is { } outer)
            type = outer;
        return type?.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.SyntaxTree.FilePath;
    }

    private static string FolderOf(string file) => Path.GetDirectoryName(file)!.Replace('\\', '/');

    // The framework and the packages; this project's own assemblies are the sources themselves.
    private static IEnumerable<MetadataReference> References() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path => !Path.GetFileName(path).StartsWith("OnnxIntervene", StringComparison.Ordinal))
            .Where(path => Path.GetFileName(path) != "onnx-intervene.dll")
            .Select(path => MetadataReference.CreateFromFile(path));
}

/// <summary>One folder names a type of another.</summary>
/// <param name="From">The folder that names it.</param>
/// <param name="To">The folder that declares it.</param>
/// <param name="Where">The two files.</param>
internal sealed record FolderArrow(string From, string To, string Where);
