using System.Globalization;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Token ids as people write them: <c>1,2,3</c>.</summary>
internal static class TokenIds
{
    /// <exception cref="InterventionException">The text is not a list of token ids.</exception>
    public static List<int> Parse(string list, string option)
    {
        var ids = new List<int>();
        foreach (var part in list.Split(',', StringSplitOptions.TrimEntries))
        {
            ids.Add(
                int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                    ? id
                    : throw new InterventionException($"{option}: '{part}' is not a token id. Write 1,2,3.")
            );
        }

        return ids;
    }
}
