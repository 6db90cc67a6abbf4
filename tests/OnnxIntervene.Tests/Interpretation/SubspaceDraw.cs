using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>Draws which part of a space is meant, by the configuration or by the run.</summary>
/// <param name="draws">The source of chance.</param>
/// <param name="batch">How many examples there are.</param>
/// <param name="dimensions">How many dimensions the space has.</param>
internal sealed class SubspaceDraw(Draws draws, int batch, int dimensions)
{
    public (RepresentationConfig Config, ImmutableArray<ImmutableArray<int>>? Rows) Draw(RepresentationConfig config)
    {
        if (draws.Chance(0.15))
            return (
                config with
                {
                    InterchangeDimensions = [.. draws.Distinct(draws.From(1, Math.Min(5, dimensions)), dimensions)],
                },
                null
            );
        if (
            draws.Chance(0.1)
            && config.InterventionType.Name
                is not (nameof(InterventionType.Autoencoder) or nameof(InterventionType.JumpReLUAutoencoder))
        )
            return (config with { InterchangeCount = draws.From(1, dimensions) }, null);
        if (draws.Chance(0.4))
            return (config, null);
        var limit = dimensions;
        if (dimensions >= 6 && draws.Chance(0.4))
        {
            config = config with
            {
                SubspacePartition =
                [
                    [0, 2],
                    [dimensions - 1, 3, 2],
                    [4, dimensions - 1],
                ],
            };
            limit = config.SubspacePartition.Length;
        }

        // What is collected must be equally wide in every example.
        var mustBeEqual = config.InterventionType == InterventionType.Collect;
        var rows = (mustBeEqual && limit < dimensions) || draws.Chance(0.4) ? 1 : batch;
        var count = draws.From(1, Math.Min(4, limit));
        return (
            config,
            [
                .. Enumerable
                    .Range(0, rows)
                    .Select(_ =>
                        draws
                            .Distinct(mustBeEqual ? count : draws.From(1, Math.Min(4, limit)), limit)
                            .ToImmutableArray()
                    ),
            ]
        );
    }
}
