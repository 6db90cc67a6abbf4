using OnnxIntervene.IR;

namespace OnnxIntervene.Hub;

/// <summary>
/// Reads the variables that all of the Hub's libraries share
/// (huggingface.co/docs/huggingface_hub/package_reference/environment_variables).
/// </summary>
internal static class HubEnvironment
{
    private const int LargestTokenFile = 4096;

    public static HubOptions Read(Func<string, string?> variable, string userFolder)
    {
        string? Value(string name) =>
            variable(name) is { } text && text.Trim() is { Length: > 0 } trimmed ? trimmed : null;
        var home =
            Value("HF_HOME")
            ?? Path.Combine(Value("XDG_CACHE_HOME") ?? Path.Combine(userFolder, ".cache"), "huggingface");
        return new HubOptions
        {
            Endpoint = Endpoint(Value("HF_ENDPOINT") ?? "https://huggingface.co"),
            Token = Checked(
                Value("HF_TOKEN")
                    ?? Value("HUGGING_FACE_HUB_TOKEN")
                    ?? Stored(Value("HF_TOKEN_PATH") ?? Path.Combine(home, "token"))
            ),
            CacheFolder = Path.GetFullPath(
                Value("HF_HUB_CACHE") ?? Value("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub")
            ),
            IsOffline = IsOn(Value("HF_HUB_OFFLINE")),
            UsesLinks = !IsOn(Value("HF_HUB_DISABLE_SYMLINKS")),
        };
    }

    private static Uri Endpoint(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new InterventionException(
                $"HF_ENDPOINT is '{text}', which is not an address. Example: https://huggingface.co."
            );

    private static string? Stored(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            return null;
        if (file.Length > LargestTokenFile)
        {
            throw new InterventionException(
                $"'{path}' has {file.Length} bytes; a file with a token is shorter. Set HF_TOKEN, or HF_TOKEN_PATH "
                    + $"to the right file."
            );
        }

        return
            RegularFile.ReadText(path, LargestTokenFile, message => new InterventionException(message)).Trim()
                is { Length: > 0 } token
            ? token
            : null;
    }

    // The token itself must not be in a message.
    private static string? Checked(string? token) =>
        token is null || token.All(character => character is > ' ' and < (char)127)
            ? token
            : throw new InterventionException(
                "The Hub's token holds a space, a line break or another character that no token has. "
                    + "Set HF_TOKEN again."
            );

    private static bool IsOn(string? value) => value?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";
}
