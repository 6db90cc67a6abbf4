using OnnxIntervene.Execution;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Training;

/// <summary>
/// The sessions of a trainer: one for each structure of sites and kind of loss, opened when first needed.
/// </summary>
internal sealed class TrainingSessions(LoadedModel model, Func<int, string, bool> isTrained) : IDisposable
{
    private readonly List<(IReadOnlyList<SpliceSite> Sites, string Loss, TrainingSession Session)> _sessions = [];

    /// <summary>The session of a structure.</summary>
    public TrainingSession Of(IReadOnlyList<SpliceSite> sites, Loss loss)
    {
        foreach (var (known, structure, open) in _sessions)
        {
            if (structure == loss.Structure && known.SequenceEqual(sites))
                return open;
        }

        var session = new TrainingSession(model, sites, loss, isTrained);
        _sessions.Add((sites, loss.Structure, session));
        return session;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, _, session) in _sessions)
            session.Dispose();
    }
}
