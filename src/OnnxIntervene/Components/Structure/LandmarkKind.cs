namespace OnnxIntervene.Components.Structure;

/// <summary>What a tensor is to the operators around it.</summary>
internal enum LandmarkKind
{
    Addition,
    Norm,
    Linear,
    LinearInput,
    Part,
    Softmax,
    Activation,
    Attention,
    Recurrence,
    Convolution,
}
