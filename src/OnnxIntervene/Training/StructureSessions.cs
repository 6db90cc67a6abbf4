using System.Collections.Immutable;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Training;

/// <summary>
/// What a trainer opens for each structure of sites and kind of loss, when it is first needed. Owns it.
/// </summary>
/// <param name="open">Opens it.</param>
internal sealed class StructureSessions<T>(Func<ImmutableArray<SpliceSite>, Loss, T> open) : IDisposable
    where T : IDisposable
{
    private readonly List<(ImmutableArray<SpliceSite> Sites, string Loss, T Session)> _sessions = [];

    /// <summary>What belongs to a structure.</summary>
    public T Of(ImmutableArray<SpliceSite> sites, Loss loss)
    {
        foreach (var (known, structure, session) in _sessions)
        {
            if (structure == loss.Structure && known.SequenceEqual(sites))
                return session;
        }

        var opened = open(sites, loss);
        _sessions.Add((sites, loss.Structure, opened));
        return opened;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, _, session) in _sessions)
            session.Dispose();
    }
}
