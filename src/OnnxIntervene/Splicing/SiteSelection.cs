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

    /// <summary>
    /// Every unit, or every unit of some heads, in every run: for a file that is changed for good. Nothing is chosen by
    /// a run.
    /// </summary>
    Always,

    /// <summary>Nothing but the size of the component's tensor is read.</summary>
    Size,
}
