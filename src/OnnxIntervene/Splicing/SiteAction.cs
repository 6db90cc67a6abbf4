using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Splicing;

/// <summary>What is done for a site at one tensor.</summary>
/// <param name="Site">The site, the first of several that are spliced at once.</param>
/// <param name="Source">The tensor.</param>
/// <param name="Splice">Changes the graph there.</param>
internal sealed record SiteAction(PlacedSite Site, ComponentSource Source, Action Splice);
