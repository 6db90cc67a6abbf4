using System.Collections;
using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using OnnxIntervene.Reports;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Cli.Commands;

/// <summary>What it takes to make a report again: what was asked for, and with which programs.</summary>
internal static class ReportOrigin
{
    private const string Provider = "--provider";

    /// <summary>Every option of the command with its value, the given ones and the usual ones.</summary>
    public static ImmutableArray<ReportFact> Configuration(ParseResult arguments)
    {
        var command = arguments.CommandResult.Command;
        var options = command.Options.Select(option => (option.Name, Value: Text(arguments, option)));
        var named = command.Arguments.Select(argument => (argument.Name, Value: Text(arguments, argument)));
        return
        [
            .. named
                .Concat(options)
                .Where(option => option.Value.Length > 0)
                .Select(option => new ReportFact(option.Name.TrimStart('-'), option.Value)),
        ];
    }

    /// <summary>OnnxIntervene, ONNX Runtime, .NET, the system and the execution provider.</summary>
    public static ImmutableArray<ReportFact> Versions(ParseResult arguments) =>
        [
            new("OnnxIntervene", OwnVersion()),
            new("ONNX Runtime", ExecutionProviders.RuntimeVersion),
            .. ProviderOf(arguments) is { Length: > 0 } provider
                ? new[] { new ReportFact("execution provider", provider) }
                : [],
            new(".NET", Environment.Version.ToString()),
            new("operating system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}"),
        ];

    private static string OwnVersion()
    {
        var assembly = typeof(ReportOrigin).Assembly;
        return assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? assembly.GetName().Version!.ToString();
    }

    private static string ProviderOf(ParseResult arguments)
    {
        var option = arguments.CommandResult.Command.Options.FirstOrDefault(option => option.Name == Provider);
        return option is null ? "" : Text(arguments, option);
    }

    // What was given, as it was given; else what the option is without it.
    private static string Text(ParseResult arguments, Symbol symbol) =>
        symbol switch
        {
            Option option when arguments.GetResult(option) is { } result => result.Tokens.Count > 0
                ? Text(result.Tokens)
                : Text(result.GetValueOrDefault<object?>()),
            Argument argument when arguments.GetResult(argument) is { } result => Text(result.Tokens),
            _ => "",
        };

    private static string Text(IReadOnlyList<Token> tokens) => string.Join(' ', tokens.Select(token => token.Value));

    private static string Text(object? value) =>
        value switch
        {
            null or false => "",
            true => "yes",
            string text => text,
            IEnumerable items => string.Join(", ", items.Cast<object?>().Select(Text)),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => $"{value}",
        };
}
