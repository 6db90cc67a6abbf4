namespace OnnxIntervene.Interventions;

/// <summary>The kinds of intervention, which are pyvene's. x is what stands at the units, s the source, c the coefficient.</summary>
public enum InterventionType
{
    /// <summary>Interchange: s in place of x.</summary>
    Vanilla,

    /// <summary>x + c · s.</summary>
    Addition,

    /// <summary>x − c · s.</summary>
    Subtraction,

    /// <summary>Zeros in place of x.</summary>
    Zero,

    /// <summary>x is read and stays.</summary>
    Collect,
}
