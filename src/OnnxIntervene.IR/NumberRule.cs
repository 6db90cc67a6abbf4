namespace OnnxIntervene.IR;

/// <summary>What an operator's specification says of an attribute's numbers.</summary>
internal enum NumberRule
{
    /// <summary>Nothing that is checked.</summary>
    Any,

    /// <summary>An integer above zero, no larger than an array may be.</summary>
    Count,

    /// <summary>An integer above zero, no larger than any attention has heads.</summary>
    Heads,

    /// <summary>Each of 0 to n - 1 once.</summary>
    Permutation,

    /// <summary>Three integers above zero: of queries, keys and values.</summary>
    Widths,
}
