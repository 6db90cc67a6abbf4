using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Lens;

/// <summary>What direct logit attribution reads in a model. Owns the leases of the heads' projections.</summary>
internal sealed class AttributionSites : IDisposable
{
    private AttributionSites(LoadedModel model, ImmutableArray<StreamPart> parts, ImmutableArray<HeadSplit> splits)
    {
        (Parts, Splits) = (parts, splits);
        LayerCount = model.Components.LayerCount;
        Last = LensStreams.Last(model.Components);
        Addresses =
        [
            .. parts
                .SelectMany(part => part.Reads)
                .Concat(splits.SelectMany(split => new[] { split.Values, split.Output }))
                .Prepend(Last)
                .Prepend(First)
                .Distinct(),
        ];
    }

    /// <summary>The stream before the first layer.</summary>
    public static ComponentAddress First => StreamPoints.AddressOf(0);

    /// <summary>The stream after the last layer.</summary>
    public ComponentAddress Last { get; }

    /// <summary>How many layers there are.</summary>
    public int LayerCount { get; }

    /// <summary>What layers add to the stream.</summary>
    public ImmutableArray<StreamPart> Parts { get; }

    /// <summary>The projections of the attentions' heads; none where heads cannot be told apart.</summary>
    public ImmutableArray<HeadSplit> Splits { get; }

    /// <summary>Why heads cannot be told apart; null where they can.</summary>
    public string? WhyNoHeads { get; private init; }

    /// <summary>The tensor of the logits before a cap; null where there is none.</summary>
    public ComponentAddress? BeforeCap { get; private init; }

    /// <summary>All that is read.</summary>
    public ImmutableArray<ComponentAddress> Addresses { get; }

    /// <exception cref="InterventionException">The model's stream is no sum of parts.</exception>
    public static AttributionSites Open(LoadedModel model)
    {
        var parts = StreamPart.All(model.Components);
        var splits = ImmutableArray.CreateBuilder<HeadSplit>();
        string? why = null;
        try
        {
            for (var layer = 0; layer < model.Components.LayerCount; layer++)
            {
                if (HeadSplit.Open(model, layer) is { } split)
                    splits.Add(split);
            }

            if (splits.Count == 0)
                why = "the model has no attention";
        }
        catch (InterventionException fault)
        {
            why = fault.Message;
            foreach (var split in splits)
                split.Dispose();
            splits.Clear();
        }

        var before = LogitCap.Before(model.Model.Graph.Outputs[0]);
        return new AttributionSites(model, parts, splits.ToImmutable())
        {
            WhyNoHeads = why,
            BeforeCap = before is null ? null : new ComponentAddress(0, before.Name),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var split in Splits)
            split.Dispose();
    }
}
