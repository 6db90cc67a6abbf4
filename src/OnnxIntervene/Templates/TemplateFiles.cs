using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Files;
using OnnxIntervene.Json;
using OnnxIntervene.Templates.Syntax;

namespace OnnxIntervene.Templates;

/// <summary>Finds the chat templates of a folder, and the special tokens that they name.</summary>
internal static class TemplateFiles
{
    /// <summary>The name of the template that is used when none is named.</summary>
    public const string Usual = "default";

    // Templates in use have up to 30,000 characters.
    private const long LongestTemplate = 4 << 20;

    private static readonly string[] s_tokens =
    [
        "bos_token",
        "eos_token",
        "unk_token",
        "sep_token",
        "pad_token",
        "cls_token",
        "mask_token",
    ];

    /// <summary>The templates by their names; a file of its own comes before the one in the configuration.</summary>
    public static OrderedDictionary<string, TemplateSource> Find(string folder)
    {
        var found = new OrderedDictionary<string, TemplateSource>(StringComparer.Ordinal);
        if (Configuration(folder, "tokenizer_config.json") is { } configuration)
            AddConfigured(configuration["chat_template"], folder, found);
        var own = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(own))
            found[Usual] = ReadInside(folder, own);
        var others = Path.Combine(folder, "additional_chat_templates");
        if (Directory.Exists(others))
        {
            foreach (var file in Directory.EnumerateFiles(others, "*.jinja").Order(StringComparer.Ordinal))
                found[Path.GetFileNameWithoutExtension(file)] = ReadInside(folder, file);
        }

        return found;
    }

    /// <summary>The special tokens that the files beside a template name.</summary>
    public static ImmutableArray<(string Name, object? Value)> Tokens(string folder)
    {
        var tokens = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var file in new[] { "special_tokens_map.json", "tokenizer_config.json" })
        {
            if (Configuration(folder, file) is not { } configuration)
                continue;
            foreach (var name in s_tokens)
            {
                if (Token(configuration[name]) is { } token)
                    tokens[name] = token;
            }
        }

        return [.. tokens.Select(token => (token.Key, token.Value))];
    }

    /// <summary>The template of a file.</summary>
    public static TemplateSource ReadFile(string path) =>
        new($"'{path}'", RegularFile.ReadText(path, LongestTemplate, message => new ModelFormatException(message)));

    private static void AddConfigured(JsonPlace place, string folder, OrderedDictionary<string, TemplateSource> found)
    {
        if (place.IsNothing)
            return;
        var path = Path.Combine(folder, "tokenizer_config.json");
        if (place.IsText)
        {
            found[Usual] = new TemplateSource($"'{path}', {place.Path}", place.Text());
            return;
        }

        foreach (var item in place.Items("a template, or a list of named templates"))
        {
            var template = item.WithObject()["template"];
            found[item["name"].Text("a template's name")] = new TemplateSource(
                $"'{path}', {template.Path}",
                template.Text("a template")
            );
        }
    }

    private static string? Token(JsonPlace place) =>
        place.IsNothing ? null
        : place.IsObject ? place["content"].Text("a token")
        : place.Text("a token");

    private static JsonPlace? Configuration(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path)
            ? JsonText.Read(FolderBoundary.Of(folder).Checked(path), JsonSource.File($"'{path}'")).WithObject()
            : null;
    }

    private static TemplateSource ReadInside(string folder, string path) =>
        ReadFile(FolderBoundary.Of(folder).Checked(path));
}
