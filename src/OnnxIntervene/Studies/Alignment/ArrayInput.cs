using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>The input of a model that takes the arrays of a data set.</summary>
internal sealed class ArrayInput
{
    private readonly Value _input;

    /// <summary>The input for token ids, or the only one that takes floats.</summary>
    /// <param name="model">The model.</param>
    /// <param name="isTokens">Whether arrays hold token ids.</param>
    /// <exception cref="InterventionException">There is none, or there are several.</exception>
    public ArrayInput(LoadedModel model, bool isTokens)
    {
        var inputs = model.Model.Graph.Inputs.Where(input => !input.IsConstant).ToList();
        var fitting = inputs
            .Where(input =>
                isTokens
                    ? input.Name == ModelInputs.TokenInput
                    : input.Type?.ElementType.IsFloat() == true && !InputFiller.CanFill(input.Name)
            )
            .ToList();
        _input = fitting is [var only]
            ? only
            : throw new InterventionException(
                $"The data set holds {(isTokens ? "token ids" : "floats")}, and the model has {fitting.Count} inputs "
                    + $"for them; its inputs are: {string.Join(", ", inputs.Select(input => input.Name))}."
            );
    }

    /// <summary>An array of one example as a batch of one; an axis of one position is added or left out.</summary>
    /// <exception cref="InterventionException">The array does not fit the input.</exception>
    public ModelInputs Of(NumericArray example)
    {
        ImmutableArray<int> shape = [1, .. example.Shape];
        if (_input.Type?.Shape is { } declared)
            shape = Fitted(shape, declared.Rank);
        var array = example.Reshape(shape.AsSpan());
        if (_input.Type?.Shape is { } known && !Fits(array, known))
            throw new InterventionException(
                $"The input '{_input.Name}' is {known} in the model, but {array} was given."
            );
        return new ModelInputs(ImmutableDictionary<string, NumericArray>.Empty.Add(_input.Name, array));
    }

    private static ImmutableArray<int> Fitted(ImmutableArray<int> shape, int rank) =>
        shape.Length == rank - 1 ? shape.Insert(1, 1)
        : shape.Length == rank + 1 && shape[1] == 1 ? shape.RemoveAt(1)
        : shape;

    private static bool Fits(NumericArray array, Shape shape) =>
        array.Shape.Length == shape.Rank
        && array
            .Shape.Select((size, axis) => shape[axis].Size is not { } declared || declared == size)
            .All(fits => fits);
}
