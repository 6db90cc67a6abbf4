using System.Collections.Immutable;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Training;

/// <summary>
/// What a trainer opens for each structure of sites and what follows them, when it is first needed. Owns it.
/// </summary>
internal sealed class StructureSessions<T> : IDisposable
    where T : IDisposable
{
    private readonly List<(ImmutableArray<SpliceSite> Sites, string End, T Session)> _sessions = [];

    /// <summary>What belongs to a structure.</summary>
    /// <param name="sites">The sites.</param>
    /// <param name="end">What follows them, and whose sites they are.</param>
    /// <param name="open">Opens it.</param>
    public T Of(ImmutableArray<SpliceSite> sites, string end, Func<T> open)
    {
        foreach (var (known, structure, session) in _sessions)
        {
            if (structure == end && known.SequenceEqual(sites))
                return session;
        }

        var opened = open();
        _sessions.Add((sites, end, opened));
        return opened;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, _, session) in _sessions)
            session.Dispose();
    }
}
