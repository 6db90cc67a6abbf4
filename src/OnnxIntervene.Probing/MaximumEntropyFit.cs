using System.Collections.Immutable;
using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;

namespace OnnxIntervene.Probing;

/// <summary>Multinomial logistic regression (maximum entropy), fitted by ML.NET with L-BFGS.</summary>
internal static class MaximumEntropyFit
{
    private const int MostIterations = 200;

    /// <summary>Fits some examples, and tells how often the class of others is predicted.</summary>
    /// <param name="examples">The examples, standardised.</param>
    /// <param name="labels">Their classes.</param>
    /// <param name="split">Which are fitted.</param>
    /// <param name="regularization">The weight of the squared length of the weights.</param>
    /// <returns>The share of the held-out examples that are predicted, from 0 to 1.</returns>
    public static double Accuracy(
        ProbeExamples examples,
        ImmutableArray<int> labels,
        StratifiedSplit split,
        float regularization
    )
    {
        var count = labels.Max() + 1;
        var model = Fit(new MLContext(seed: 0), examples, labels, split.Trained, count, regularization);
        VBuffer<float>[] weights = [];
        model.GetWeights(ref weights, out _);
        float[] biases = [.. model.GetBiases()];
        float[][] dense = [.. weights.Select(weight => weight.DenseValues().ToArray())];
        return split.HeldOut.Average(example =>
            Predict(dense, biases, examples.Rows[example]) == labels[example] ? 1.0 : 0
        );
    }

    private static MaximumEntropyModelParameters Fit(
        MLContext context,
        ProbeExamples examples,
        ImmutableArray<int> labels,
        ImmutableArray<int> trained,
        int count,
        float regularization
    )
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, examples.Width);
        schema[nameof(Row.Label)].ColumnType = new KeyDataViewType(typeof(uint), count);
        var rows = trained.Select(example => new Row
        {
            Features = examples.Rows[example],
            Label = (uint)labels[example],
        });
        var trainer = context.MulticlassClassification.Trainers.LbfgsMaximumEntropy(
            new LbfgsMaximumEntropyMulticlassTrainer.Options
            {
                L1Regularization = 0,
                L2Regularization = regularization,
                MaximumNumberOfIterations = MostIterations,
                NumberOfThreads = 1,
            }
        );
        return trainer.Fit(context.Data.LoadFromEnumerable(rows.ToList(), schema)).Model;
    }

    private static int Predict(float[][] weights, float[] biases, float[] row)
    {
        var scores = new float[biases.Length];
        for (var label = 0; label < scores.Length; label++)
            scores[label] = biases[label] + TensorPrimitives.Dot<float>(weights[label], row);
        return TensorPrimitives.IndexOfMax(scores);
    }

    private sealed class Row
    {
        public float[] Features { get; init; } = [];

        public uint Label { get; init; }
    }
}
