namespace OnnxIntervene.Training;

/// <summary>
/// How the temperature of soft masks falls: in a straight line, one number a step (pyvene's <c>linspace(start, end,
/// steps)</c>).
/// </summary>
/// <param name="Start">The first step's temperature; pyvene's is 50.</param>
/// <param name="End">The last step's; pyvene's is 0.1.</param>
public sealed record TemperatureSchedule(double Start = 50, double End = 0.1)
{
    /// <summary>The temperature of a step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="steps">How many steps there are.</param>
    public float At(int step, int steps) =>
        (float)(steps <= 1 ? Start : Start + ((End - Start) * Math.Min(step, steps - 1) / (steps - 1)));
}
