namespace OnnxIntervene.IR;

/// <summary>What an operator's specification says of an attribute's numbers.</summary>
internal enum NumberRule
{
    /// <summary>Nothing that is checked.</summary>
    Any,

    /// <summary>An integer above zero.</summary>
    Count,

    /// <summary>Each of 0 to n - 1 once.</summary>
    Permutation,
}
