using System.Net.Http.Headers;

namespace OnnxIntervene.Hub;

/// <summary>How long to wait before asking again.</summary>
internal static class RetryPause
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestWish = TimeSpan.FromMinutes(5);

    /// <summary>Twice as long each time.</summary>
    public static TimeSpan After(int attempt) =>
        TimeSpan.FromTicks(Math.Min(s_first.Ticks << Math.Min(attempt - 1, 8), s_longest.Ticks));

    /// <summary>What the server asks for, within reason; null when it asks for nothing.</summary>
    public static TimeSpan? Wish(RetryConditionHeaderValue? header)
    {
        var wish = header?.Delta ?? (header?.Date is { } date ? date - DateTimeOffset.UtcNow : null);
        return wish is { } pause ? TimeSpan.FromTicks(Math.Clamp(pause.Ticks, 0, s_longestWish.Ticks)) : null;
    }
}
