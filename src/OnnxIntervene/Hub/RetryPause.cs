using System.Net.Http.Headers;

namespace OnnxIntervene.Hub;

/// <summary>How long to wait before asking again.</summary>
internal static class RetryPause
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestRequest = TimeSpan.FromMinutes(5);

    /// <summary>Twice as long each time.</summary>
    public static TimeSpan After(int attempt) =>
        TimeSpan.FromTicks(Math.Min(s_first.Ticks << Math.Min(attempt - 1, 8), s_longest.Ticks));

    /// <summary>The pause that the server asks for, within limits; null when it asks for nothing.</summary>
    public static TimeSpan? Requested(RetryConditionHeaderValue? header)
    {
        var requested = header?.Delta ?? (header?.Date is { } date ? date - DateTimeOffset.UtcNow : null);
        return requested is { } pause ? TimeSpan.FromTicks(Math.Clamp(pause.Ticks, 0, s_longestRequest.Ticks)) : null;
    }
}
