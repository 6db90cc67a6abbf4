namespace OnnxIntervene.Splicing;

/// <summary>Which part of a component a spliced site touches.</summary>
public enum SiteSelection
{
    /// <summary>The units that each run names, for each example; none leaves the model as it was.</summary>
    Units,

    /// <summary>
    /// The whole tensor: cheaper where something is added everywhere; a coefficient of 0 leaves the model as it was.
    /// </summary>
    Whole,

    /// <summary>Nothing but the size of the component's tensor is read.</summary>
    Size,
}
