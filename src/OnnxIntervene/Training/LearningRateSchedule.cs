using OnnxIntervene.IR;

namespace OnnxIntervene.Training;

/// <summary>How the learning rate changes over the steps of a training: a factor for each step.</summary>
/// <param name="Decay">How the rate falls after the warm-up.</param>
/// <param name="WarmUp">
/// The share of all steps in which the rate rises from 0 in a straight line, from 0 to 1.
/// </param>
public sealed record LearningRateSchedule(LearningRateDecay Decay = LearningRateDecay.None, double WarmUp = 0)
{
    /// <summary>Always the same rate.</summary>
    public static LearningRateSchedule Constant { get; } = new();

    /// <summary>
    /// A warm-up, then a straight line down to 0 (Hugging Face's <c>get_linear_schedule_with_warmup</c>); pyvene warms
    /// up over a tenth of the steps.
    /// </summary>
    public static LearningRateSchedule Linear(double warmUp = 0.1) => new(LearningRateDecay.Linear, warmUp);

    /// <summary>A warm-up, then half a cosine down to 0.</summary>
    public static LearningRateSchedule Cosine(double warmUp = 0.1) => new(LearningRateDecay.Cosine, warmUp);

    /// <summary>Whether a factor depends on how many steps there will be.</summary>
    internal bool NeedsSteps => Decay != LearningRateDecay.None || WarmUp > 0;

    /// <summary>What the rate is multiplied with.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="steps">How many steps there are.</param>
    public double Factor(int step, int steps)
    {
        var warm = (int)(WarmUp * steps);
        if (step < warm)
            return (double)step / warm;
        var done = Math.Min(1, (double)(step - warm) / Math.Max(1, steps - warm));
        return Decay switch
        {
            LearningRateDecay.Linear => 1 - done,
            LearningRateDecay.Cosine => (1 + Math.Cos(Math.PI * done)) / 2,
            _ => 1,
        };
    }

    /// <summary>Throws where the warm-up is no share.</summary>
    internal void Check()
    {
        if (WarmUp is not (>= 0 and <= 1))
            throw new InterventionException($"The warm-up is {WarmUp}; it is a share of the steps, from 0 to 1.");
    }
}

/// <summary>How a learning rate falls.</summary>
public enum LearningRateDecay
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>In a straight line to 0 at the last step.</summary>
    Linear,

    /// <summary>Along half a cosine to 0 at the last step.</summary>
    Cosine,
}
