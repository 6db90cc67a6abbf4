namespace OnnxIntervene.Checking.Laws;

/// <summary>What running a law on a model showed.</summary>
public enum LawOutcome
{
    /// <summary>The law holds, and would not have held for another tensor by chance.</summary>
    Proved,

    /// <summary>The law does not hold: at least one of its components is not what its name says.</summary>
    Contradicted,

    /// <summary>The law says nothing here; the explanation says why.</summary>
    Untested,
}
