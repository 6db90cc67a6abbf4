using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Planning;

namespace OnnxIntervene.Generation;

/// <summary>
/// What a generation has read, kept for the next one whose prompt begins with the same tokens: keys and values stay in
/// ONNX Runtime and are not computed again. It serves generations of the same model under the same interventions; for
/// others it is empty. Not safe for concurrent use.
/// </summary>
internal sealed class TextCache : IDisposable
{
    private IntervenableModel? _model;
    private RunSettings? _settings;
    private ImmutableArray<int> _tokens = [];
    private CacheTensors? _read;

    /// <summary>How many tokens of its prompt the last generation did not compute.</summary>
    public int ReusedCount { get; private set; }

    /// <summary>Whether the model takes several tokens after a cache; null while nobody has tried.</summary>
    public bool? GoesOn { get; set; }

    /// <summary>
    /// What is kept, and how many tokens of it a prompt begins with. Its last token is always read: its logits are not
    /// kept.
    /// </summary>
    public (CacheTensors? Read, int Count) Find(
        IntervenableModel model,
        RunSettings settings,
        ImmutableArray<int> prompt
    )
    {
        ReusedCount = 0;
        if (_read is null || !ReferenceEquals(model, _model) || !ReferenceEquals(settings, _settings))
            return (null, 0);
        var most = Math.Min(prompt.Length - 1, _tokens.Length);
        return (_read, prompt.AsSpan(0, most).CommonPrefixLength(_tokens.AsSpan()));
    }

    /// <summary>Says that so many tokens were taken.</summary>
    public void Count(int reused) => ReusedCount = reused;

    /// <summary>Keeps what was read, in place of what was kept before.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">The settings of its interventions.</param>
    /// <param name="tokens">The tokens that were read.</param>
    /// <param name="read">What was read; owned from now on.</param>
    public void Keep(IntervenableModel model, RunSettings settings, ImmutableArray<int> tokens, CacheTensors read)
    {
        _read?.Dispose();
        (_model, _settings, _tokens, _read) = (model, settings, tokens, read);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _read?.Dispose();
        (_read, _model, _settings, _tokens) = (null, null, null, []);
    }
}
