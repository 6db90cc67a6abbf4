using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;

namespace OnnxIntervene.Splicing;

/// <summary>A site with the component that it names, in the model and in the copy that is changed.</summary>
/// <param name="Index">The site's number, which its inputs are named after.</param>
/// <param name="Site">What is asked for.</param>
/// <param name="Found">The component as the component map has it.</param>
/// <param name="Component">The component in the copy.</param>
/// <param name="ModuleInput">
/// What the module at the component reads, in the copy; null where the kind does not read it.
/// </param>
internal sealed record PlacedSite(
    int Index,
    SpliceSite Site,
    Component Found,
    Component Component,
    Component? ModuleInput
)
{
    /// <summary>Finds the component that a site names.</summary>
    /// <exception cref="OnnxIntervene.IR.InterventionException">The model has no component of that name.</exception>
    public static PlacedSite Of(SpliceSite site, int index, ComponentMap components, CopiedSources copies)
    {
        var found = components.Get(site.Address);
        var input = site.ModuleInput is { } address ? components.Get(address) : null;
        return new PlacedSite(index, site, found, copies.Of(found), input is null ? null : copies.Of(input));
    }
}
