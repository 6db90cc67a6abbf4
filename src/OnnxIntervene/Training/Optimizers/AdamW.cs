namespace OnnxIntervene.Training.Optimizers;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019).</summary>
public sealed record AdamW : Adam
{
    /// <summary>AdamW with a learning rate.</summary>
    public AdamW(double learningRate)
        : base(learningRate) { }

    /// <summary>The decay; X's diagonal in a tall rotation, which counts reflections, is left out of it.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <inheritdoc/>
    private protected override double Decay => WeightDecay;

    /// <inheritdoc/>
    internal override void Check()
    {
        base.Check();
        Require(WeightDecay >= 0, "weight decay", WeightDecay, "0 or more");
    }
}
