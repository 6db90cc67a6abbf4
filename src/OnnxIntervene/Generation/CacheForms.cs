using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>Which form the cache of a session can have.</summary>
internal static class CacheForms
{
    // ONNX Runtime plans the order of a session's nodes when it opens it, for all runs.
    private static readonly ConditionalWeakTable<InterventionSession, StrongBox<bool>> s_rotates = [];

    /// <summary>The form that takes the least memory.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cache">Its inputs and outputs.</param>
    /// <param name="hasDevice">Whether the cache may be in a device's memory.</param>
    /// <param name="trial">
    /// Tries whether the session gives the same with a cache that rotates. Carried out once for a session, and only
    /// where its graph says that it does.
    /// </param>
    public static CacheForm Of(
        InterventionSession session,
        ImmutableArray<CachePair> cache,
        bool hasDevice,
        Func<bool> trial
    )
    {
        if (IsShared(session, cache))
            return CacheForm.Shared;
        return !hasDevice && Rotates(session, cache, trial) ? CacheForm.Rotating : CacheForm.Returned;
    }

    /// <summary>Whether past and present of a session's cache are to be the same memory.</summary>
    public static bool IsShared(InterventionSession session, ImmutableArray<CachePair> cache) =>
        cache.All(pair => pair.IsShareable(session.Spliced.Model.Graph))
        && cache.All(pair => session.CacheSizes(pair.Past) is { Heads: not null, Width: not null });

    private static bool Rotates(InterventionSession session, ImmutableArray<CachePair> cache, Func<bool> trial) =>
        s_rotates.GetValue(session, _ => new StrongBox<bool>(CanRotate(session, cache) && trial())).Value;

    private static bool CanRotate(InterventionSession session, ImmutableArray<CachePair> cache) =>
        CacheLayers.CanRotate(session.Spliced.Model.Graph, CacheLayers.Of(cache))
        && cache.Select(pair => session.CacheSizes(pair.Past)).Distinct().ToList()
            is [{ Heads: not null, Width: not null }];
}
