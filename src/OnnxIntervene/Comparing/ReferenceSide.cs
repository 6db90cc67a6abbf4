using OnnxIntervene.Runtime;

namespace OnnxIntervene.Comparing;

/// <summary>A of a comparison: where the values come from that B's are compared with.</summary>
internal abstract class ReferenceSide
{
    /// <summary>A's values on an example.</summary>
    /// <param name="example">The example's number.</param>
    /// <param name="inputs">The example, a batch of one.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public abstract ExampleValues Read(int example, ModelInputs inputs, CancellationToken cancellation);
}

/// <summary>A model that is run.</summary>
internal sealed class RunReference(OpenedModel model) : ReferenceSide
{
    public override ExampleValues Read(int example, ModelInputs inputs, CancellationToken cancellation) =>
        model.Read(inputs, cancellation);
}

/// <summary>Values that another program saved.</summary>
internal sealed class SavedReference(SavedActivations saved) : ReferenceSide
{
    public override ExampleValues Read(int example, ModelInputs inputs, CancellationToken cancellation) =>
        saved.Of(example);
}
