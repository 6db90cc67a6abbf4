using System.Collections.Immutable;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>A loss and its gradients by the parameters of interventions.</summary>
/// <param name="Loss">The loss.</param>
/// <param name="Parameters">A gradient for each array that is trained.</param>
public sealed record ParameterGradients(double Loss, ImmutableArray<ParameterGradient> Parameters);

/// <summary>The gradient by one array.</summary>
/// <param name="Intervention">The number of its intervention; representations that share one count once.</param>
/// <param name="Name">
/// pyvene's name: a rotation is trained through <c>rotate_layer.parametrizations.weight.original</c>.
/// </param>
/// <param name="Gradient">d loss / d array, in the array's shape.</param>
public sealed record ParameterGradient(int Intervention, string Name, NumericArray Gradient);
