using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Studies.Grids;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Reading;

/// <summary>
/// Reads components of many prompts, which may differ in length: prompts of one length are rows of a batch. Owns the
/// lease of a session; dispose it before the model.
/// </summary>
public sealed class ComponentReader : IDisposable
{
    private const long MostNumbers = 1 << 24;
    private const int MostRows = 64;

    private readonly LoadedModel _model;
    private readonly ImmutableArray<Component> _components;
    private readonly SessionLease _lease;
    private readonly bool _readsLogits;

    /// <param name="model">The model.</param>
    /// <param name="addresses">The components, each in one layer.</param>
    /// <param name="readsLogits">Whether the model's first output is wanted, too.</param>
    /// <exception cref="InterventionException">A component is not in the model, or cannot be reached.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model.</exception>
    public ComponentReader(LoadedModel model, ImmutableArray<ComponentAddress> addresses, bool readsLogits = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _readsLogits = readsLogits;
        _components = [.. addresses.Select(model.Components.Get)];
        _lease = model.Lease(
            new SessionRecipe([.. addresses.Select(site => new SpliceSite(site, InterventionType.Collect))])
            {
                Outputs = readsLogits ? [model.Model.Graph.Outputs[0].Name] : [],
                ReadsOnly = !readsLogits,
            }
        );
    }

    /// <summary>Runs the prompts and hands on what was read, prompt by prompt, those of one length together.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="read">Gets what was read.</param>
    /// <param name="progress">Told how many prompts are done.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">A prompt does not fit the model.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The runs were cancelled.</exception>
    public void Read(
        ImmutableArray<StudyPrompt> prompts,
        Action<PromptReading> read,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(read);
        ReadSome(prompts, [.. Enumerable.Range(0, prompts.Length)], read, progress, cancellation);
    }

    /// <summary>Runs some of the prompts; the others are done already.</summary>
    /// <inheritdoc cref="Read"/>
    internal void ReadSome(
        ImmutableArray<StudyPrompt> prompts,
        int[] chosen,
        Action<PromptReading> read,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        StudyRequirements.CheckEach(prompts, prompt => InputChecks.Check(prompt.Inputs, _model.Components));
        var done = prompts.Length - chosen.Length;
        foreach (var group in Groups(prompts, chosen))
        {
            foreach (var reading in Run(prompts, group, cancellation))
            {
                cancellation.ThrowIfCancellationRequested();
                read(reading);
                progress?.Report(new SweepProgress(++done, prompts.Length));
            }
        }
    }

    /// <summary>Runs both prompts of each study prompt, and hands on what was read of the two together.</summary>
    /// <inheritdoc cref="Read"/>
    internal void ReadPairs(
        IReadOnlyList<StudyPrompt> prompts,
        Action<PromptPair> read,
        CancellationToken cancellation = default
    )
    {
        // The two runs of a prompt follow each other, though maybe not in one batch.
        var halves = new Dictionary<int, PromptReading>();
        Read(
            [.. prompts.SelectMany(prompt => new[] { prompt, prompt with { Inputs = prompt.Corrupt! } })],
            reading =>
            {
                var (number, run) = Math.DivRem(reading.Prompt, 2);
                if (halves.Remove(number, out var other))
                    read(run == 1 ? new(number, other, reading) : new(number, reading, other));
                else
                    halves.Add(number, reading);
            },
            cancellation: cancellation
        );
    }

    /// <inheritdoc/>
    public void Dispose() => _lease.Dispose();

    private IEnumerable<PromptReading> Run(
        ImmutableArray<StudyPrompt> prompts,
        int[] group,
        CancellationToken cancellation
    )
    {
        var (session, length) = (_lease.Session, prompts[group[0]].Length);
        var results = session.Run(
            ModelInputs.Joined([.. group.Select(index => prompts[index].Inputs)]),
            [.. _components.Select(component => new UnitGrid(component, length).ReadAll(group.Length))],
            [.. session.Spliced.Sites.Select(site => site.Read!), .. _readsLogits ? new[] { session.FirstOutput } : []],
            cancellation
        );
        if (_readsLogits)
            AnswerLogits.Require(results[^1], session.FirstOutput);
        return group.Select(
            (prompt, row) =>
                new PromptReading(
                    prompt,
                    [
                        .. _components.Select(
                            (component, site) => ValuesOf(component, results[site], row, length, group)
                        ),
                    ],
                    _readsLogits ? results[^1].Row(row) : null
                )
        );
    }

    // A read is [units of all rows, …]; units of a row follow each other.
    private static NumericArray ValuesOf(Component component, NumericArray read, int row, int length, int[] group)
    {
        int[] ofRow = [group.Length, read.Shape[0] / group.Length, .. read.Shape.AsSpan()[1..]];
        var values = read.Reshape(ofRow).Row(row);
        return component.Layout == ComponentLayout.HeadsInWidth
            ? values.Reshape(length, component.Heads, component.Width)
            : values;
    }

    private IEnumerable<int[]> Groups(ImmutableArray<StudyPrompt> prompts, int[] chosen) =>
        chosen
            .GroupBy(index => prompts[index].Inputs.RowShape)
            .SelectMany(group => group.Chunk(Rows(prompts[group.First()].Length)));

    private int Rows(int length)
    {
        if (RowMixing.FindNode(_model.Model) is not null)
            return 1;
        var vocabulary = _readsLogits ? _model.Components.Limits.Vocabulary ?? 1 << 18 : 0;
        var numbers = _components.Sum(component =>
            component.Layout == ComponentLayout.HeadsFirst ? (long)component.Heads * length : component.FullWidth
        );
        return (int)Math.Clamp(MostNumbers / (length * Math.Max(1, vocabulary + numbers)), 1, MostRows);
    }
}
