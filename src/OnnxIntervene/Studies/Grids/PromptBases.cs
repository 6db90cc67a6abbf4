using System.Collections.Immutable;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Sweeps.Engine;

namespace OnnxIntervene.Studies.Grids;

/// <summary>One prompt's own runs among those of a sweep.</summary>
/// <param name="Runs">The runs of all prompts.</param>
/// <param name="First">The number of the prompt's first run.</param>
/// <param name="Count">How many runs it has.</param>
/// <param name="Grids">The units of each site.</param>
internal sealed record PromptBases(BaseRuns Runs, int First, int Count, ImmutableArray<UnitGrid> Grids)
{
    /// <summary>The values of a unit of a site in one of the prompt's runs.</summary>
    public ReadOnlyMemory<float> UnitOf(int site, int index, int unit) => Runs.UnitOf(site, First + index, unit);

    /// <summary>The logits of one of the prompt's runs.</summary>
    public ReadOnlySpan<float> LogitsOf(int index) => Runs.LogitsOf(First + index);
}
