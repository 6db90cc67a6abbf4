using System.Collections.Immutable;
using OnnxIntervene.Gradients;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Editing;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Training.Weights;

/// <summary>Weights of a model while they are trained: constants of the file that have become inputs.</summary>
internal sealed class TrainedWeights
{
    private const string Prefix = NameScope.Prefix + "weight/";

    private readonly Model _model;

    /// <summary>Begins with the file's numbers.</summary>
    /// <param name="model">The model.</param>
    /// <param name="names">The names of its constants; none for every matrix and vector of 32-bit floats.</param>
    /// <exception cref="InterventionException">
    /// The model has no such constant in its main graph, or it does not hold 32-bit floats.
    /// </exception>
    public TrainedWeights(Model model, IReadOnlyList<string> names)
    {
        _model = model;
        Names = names.Count > 0 ? [.. names.Distinct()] : [.. All(model)];
        if (Names.IsEmpty)
            throw new InterventionException(
                "The model has no weights of 32-bit floats in its main graph: quantised ones cannot be trained."
            );
        Arrays = [.. Names.Select(name => new PlainArray(Read(name)))];
    }

    /// <summary>The weights' names in the file.</summary>
    public ImmutableArray<string> Names { get; }

    /// <summary>Their numbers.</summary>
    public ImmutableArray<TrainedArray> Arrays { get; }

    /// <summary>What runs are fed for them.</summary>
    public IEnumerable<KeyValuePair<string, NumericArray>> Feeds =>
        Names.Zip(Arrays, (name, array) => new KeyValuePair<string, NumericArray>(Prefix + name, array.Value));

    /// <summary>The input that holds a weight.</summary>
    public static string InputOf(string name) => Prefix + name;

    /// <summary>Makes the weights inputs of a copy of the model.</summary>
    public ImmutableArray<Value> ToInputs(Model copy)
    {
        var constants = copy.Graph.Initializers.ToDictionary(value => value.Name);
        var inputs = new List<Value>();
        foreach (var name in Names)
        {
            var constant = constants[name];
            var type = new TensorType(
                ElementType.Float32,
                new Shape([.. constant.Initializer!.Dimensions.Select(Dimension.Fixed)])
            );
            var input = copy.Graph.AddInput(InputOf(name), type);
            constant.ReplaceUses(input);
            inputs.Add(input);
        }

        return [.. inputs];
    }

    /// <summary>The model with the weights as they are now.</summary>
    public Model ToModel()
    {
        var copy = _model.Copy(out _);
        var constants = copy.Graph.Initializers.ToDictionary(value => value.Name);
        var names = NameScope.Of(copy);
        for (var index = 0; index < Names.Length; index++)
        {
            var old = constants[Names[index]];
            var trained = copy.Graph.AddInitializer(
                names.Unique(Names[index]),
                TensorData.FromFloats(old.Initializer!.Dimensions.AsSpan(), Arrays[index].Value.Floats)
            );
            old.ReplaceUses(trained);
            old.Name = names.Unique($"{Names[index]}/old");
            trained.Name = Names[index];
        }

        DeadCode.Remove(copy.Graph);
        return copy;
    }

    // A scalar is a number of the architecture, such as an epsilon.
    private static IEnumerable<string> All(Model model) =>
        model
            .Graph.Initializers.Where(value =>
                value.Initializer is { ElementType: ElementType.Float32, Dimensions.Length: > 0, Count: > 1 }
            )
            .Select(value => value.Name);

    private NumericArray Read(string name)
    {
        var weight = GradientModel.Weight(_model, name);
        return weight.Initializer is { ElementType: ElementType.Float32 } data
            ? NumericArray.Of(data.ReadFloats(), [.. data.Dimensions.Select(size => (int)size)])
            : throw new InterventionException($"The weight {weight} does not hold 32-bit floats.");
    }
}
