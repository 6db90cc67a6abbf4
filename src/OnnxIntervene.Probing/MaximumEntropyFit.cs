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
        var model = Fit(
            new MLContext(seed: 0),
            examples.Width,
            split.Trained.Select(example => (examples.Rows[example], labels[example])),
            count,
            regularization
        );
        VBuffer<float>[] weights = [];
        model.GetWeights(ref weights, out _);
        float[] biases = [.. model.GetBiases()];
        float[][] dense = [.. weights.Select(weight => weight.DenseValues().ToArray())];
        return split.HeldOut.Average(example =>
            Predict(dense, biases, examples.Rows[example]) == labels[example] ? 1.0 : 0
        );
    }

    /// <summary>The weights of each class, fitted to all of some examples.</summary>
    public static float[][] Weights(float[][] rows, int[] labels, float regularization)
    {
        var model = Fit(new MLContext(seed: 0), rows[0].Length, rows.Zip(labels), labels.Max() + 1, regularization);
        VBuffer<float>[] weights = [];
        model.GetWeights(ref weights, out _);
        return [.. weights.Select(weight => weight.DenseValues().ToArray())];
    }

    private static MaximumEntropyModelParameters Fit(
        MLContext context,
        int width,
        IEnumerable<(float[] Row, int Label)> examples,
        int count,
        float regularization
    )
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, width);
        schema[nameof(Row.Label)].ColumnType = new KeyDataViewType(typeof(uint), count);
        var rows = examples.Select(example => new Row { Features = example.Row, Label = (uint)example.Label });
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
