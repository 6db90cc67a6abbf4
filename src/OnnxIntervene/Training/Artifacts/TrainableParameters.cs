using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Numerics;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Training.Artifacts;

/// <summary>
/// The parameters of interventions as constants of a graph; a matrix that stays orthonormal is computed from free
/// numbers, as torch's parametrization computes it.
/// </summary>
/// <param name="ops">Writes the nodes.</param>
internal sealed class TrainableParameters(OpBuilder ops)
{
    // exp(A) is squared so often, which is right for rows of A that sum to 0.5 · 2⁶ = 32 and less. A sum of 2π turns
    // all the way round.
    private const int Squarings = 6;
    private const int OldestOperatorSet = 14;

    private readonly List<string> _trained = [];

    /// <summary>The names of the constants that are trained.</summary>
    public IReadOnlyList<string> Trained => _trained;

    /// <summary>A parameter of an intervention.</summary>
    public Value Of(Intervention intervention, SplicedParameter parameter, SitePorts site)
    {
        var address = site.Component.Address;
        var stem = $"{address.FullName}.{address.Layer}.";
        var array = intervention.Parameters[parameter.Name];
        var training = intervention.Type.Parameters.First(own => own.Name == parameter.Name).Training;
        if (training != ParameterTraining.Orthogonal)
            return Constant(stem + parameter.Name, array, training != ParameterTraining.None);
        if (ops.OperatorSetVersion < OldestOperatorSet)
            throw new InterventionException(
                $"The model uses operator set {ops.OperatorSetVersion}; rotations that are trained inside a graph need "
                    + $"{OldestOperatorSet} or later. Convert it."
            );
        return Orthogonal(
            stem + InterventionState.Original(parameter.Name),
            stem + InterventionState.Base(parameter.Name),
            intervention.Parametrizations.GetValueOrDefault(parameter.Name)
                ?? OrthogonalParametrization.FromWeight(array)
        );
    }

    private Value Orthogonal(string original, string start, OrthogonalParametrization parametrization)
    {
        var (rows, columns) = (parametrization.Original.Shape[0], parametrization.Original.Shape[1]);
        var free = Constant(original, parametrization.Original, isTrained: true);
        var rotation =
            rows == columns
                ? OrthogonalMaps.Exponential(ops, free, Squarings)
                : OrthogonalMaps.Householder(ops, free, Diagonal(parametrization.Original), columns);
        return ParametrizationGraph.Product(ops, Constant(start, parametrization.Base, isTrained: false), rotation);
    }

    // A number of the architecture as far as training goes: weight decay does not reach it.
    private Value Diagonal(NumericArray original) =>
        ops.Graph.AddInitializer(ops.Names.Unique("orthogonal/diagonal"), Data(OrthogonalMaps.WholeDiagonal(original)));

    private Value Constant(string name, NumericArray array, bool isTrained)
    {
        var constant = ops.Graph.AddInitializer(ops.Names.Free(name), Data(array));
        if (isTrained)
            _trained.Add(constant.Name);
        return constant;
    }

    private static TensorData Data(NumericArray array) =>
        TensorData.FromFloats([.. array.Shape.Select(size => (long)size)], array.Floats);
}
