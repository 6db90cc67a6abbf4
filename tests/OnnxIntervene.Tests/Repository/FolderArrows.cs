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
    /// <param name="isAsked">
    /// Whether an arrow from the first folder to the second is wanted; what names nothing in such a folder is not
    /// bound.
    /// </param>
    public static IEnumerable<FolderArrow> Of(
        IReadOnlyDictionary<string, string> sources,
        Func<string, string, bool> isAsked
    )
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview, DocumentationMode.Parse);
        var trees = sources.Select(source => CSharpSyntaxTree.ParseText(source.Value, options, source.Key)).ToList();
        var compilation = CSharpCompilation.Create(
            "sources",
            [.. trees, CSharpSyntaxTree.ParseText(GlobalUsings, options)],
            References(),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)
        );
        var declared = trees
            .SelectMany(tree => Declared(tree).Select(name => (Name: name, Folder: FolderOf(tree.FilePath))))
            .ToLookup(entry => entry.Name, entry => entry.Folder, StringComparer.Ordinal);
        return trees
            .SelectMany(tree =>
                Of(
                    compilation.GetSemanticModel(tree),
                    tree,
                    name => declared[name].Any(folder => isAsked(FolderOf(tree.FilePath), folder))
                )
            )
            .Distinct()
            .Where(arrow => isAsked(arrow.From, arrow.To));
    }

    // Only these words can name a type of the sources; asking the compiler what all others mean takes a minute.
    private static IEnumerable<string> Declared(SyntaxTree tree) =>
        tree.GetRoot()
            .DescendantNodes()
            .SelectMany(node =>
                node switch
                {
                    BaseTypeDeclarationSyntax type => [type.Identifier.ValueText],
                    DelegateDeclarationSyntax type => [type.Identifier.ValueText],
                    MethodDeclarationSyntax { ParameterList.Parameters: [{ Modifiers: var words }, ..] } method
                        when words.Any(SyntaxKind.ThisKeyword) => [method.Identifier.ValueText],
                    _ => Enumerable.Empty<string>(),
                }
            );

    private static IEnumerable<FolderArrow> Of(SemanticModel model, SyntaxTree tree, Func<string, bool> isAsked) =>
        tree.GetRoot()
            .DescendantNodes(descendIntoTrivia: true)
            .OfType<SimpleNameSyntax>()
            .Where(name => isAsked(name.Identifier.ValueText))
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
