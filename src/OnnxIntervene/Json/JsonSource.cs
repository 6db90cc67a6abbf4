using OnnxIntervene.IR;

namespace OnnxIntervene.Json;

/// <summary>A JSON text to its reader: what messages call it, and whose fault a mistake in it is.</summary>
/// <param name="Name">What messages begin with: "The configuration 'run.json'".</param>
/// <param name="Fault">Makes the exception of a message and its cause.</param>
internal sealed record JsonSource(string Name, Func<string, Exception?, Exception> Fault)
{
    /// <summary>Whether comments and trailing commas are taken, which RFC 8259 does not allow.</summary>
    public bool AllowsComments { get; init; }

    /// <summary>What messages end with that say that the text is not JSON.</summary>
    public string Advice { get; init; } = "";

    /// <summary>A text that is part of the request.</summary>
    public static JsonSource Request(string name) =>
        new(name, (message, cause) => new InterventionException(message, cause!));

    /// <summary>A text of a file.</summary>
    public static JsonSource File(string name) =>
        new(name, (message, cause) => new ModelFormatException(message, cause!));

    /// <summary>The exception for what stands at a place.</summary>
    public Exception At(string path, string what) => Fault($"{Name}, {path}: {what.TrimEnd('.')}.", null);
}
