using System.Collections.Immutable;
using System.Numerics.Tensors;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Steering;

/// <summary>
/// Finds steering vectors: reads a component at the last token of texts, and fits a direction a layer.
/// </summary>
public static class SteeringTraining
{
    /// <summary>Finds a direction for each layer.</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">Texts with and without the property.</param>
    /// <param name="layers">The layers.</param>
    /// <param name="method">How directions are fitted.</param>
    /// <param name="component">The component.</param>
    /// <param name="progress">Told how many texts are done.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">
    /// The component is not in the model, its units are no vectors, or the examples do not differ there.
    /// </exception>
    /// <exception cref="OnnxIntervene.Runtime.ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The runs were cancelled.</exception>
    public static FittedSteering Fit(
        LoadedModel model,
        SteeringExamples examples,
        IReadOnlyList<int> layers,
        SteeringMethod method,
        string component = SteeringVector.Stream,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(method);
        if (layers.Count == 0)
            throw new InterventionException("No layer is given for the steering vector.");
        ImmutableArray<ComponentAddress> addresses =
        [
            .. layers.Select(layer => model.Components.AddressOf(layer, component)),
        ];
        foreach (var found in addresses.Select(model.Components.Get))
        {
            if (found.Layout != ComponentLayout.Positions || found.Width == 0)
                throw new InterventionException($"{found} has no vector at each position; choose another component.");
        }

        var rows = LastRows(model, addresses, [.. examples.Positive, .. examples.Negative], progress, cancellation);
        var count = examples.Positive.Length;
        var layered = addresses.Select((address, place) => (address.Layer, Values: rows[place])).ToList();
        var directions = layered.ToImmutableSortedDictionary(
            item => item.Layer,
            item => Direction(item.Values, count, method, model.Components.AddressOf(item.Layer, component))
        );
        return new FittedSteering(
            new SteeringVector(addresses[0].Name, directions),
            layered.ToImmutableSortedDictionary(
                item => item.Layer,
                item => Separation(item.Values, count, directions[item.Layer])
            )
        );
    }

    private static NumericArray Direction(
        NumericArray[] values,
        int count,
        SteeringMethod method,
        ComponentAddress address
    )
    {
        if (Enumerable.Range(0, count).All(row => values[row].Floats.SequenceEqual(values[count + row].Floats)))
            throw None();
        var direction = method.Fit(Stacked(values.AsSpan(0, count)), Stacked(values.AsSpan(count)));
        var length = TensorPrimitives.Norm(direction.Floats);
        return float.IsFinite(length) && length > 0 ? direction : throw None();

        InterventionException None() =>
            new(
                $"The positive and the negative examples have the same values at {address}, so that there is no "
                    + "direction. Give other examples, or leave the layer out."
            );
    }

    private static double Separation(NumericArray[] rows, int count, NumericArray direction) =>
        Enumerable
            .Range(0, count)
            .Average(pair => Along(rows[pair], direction) > Along(rows[count + pair], direction) ? 1.0 : 0);

    private static double Along(NumericArray row, NumericArray direction) =>
        TensorPrimitives.Dot(row.Floats, direction.Floats);

    private static NumericArray[][] LastRows(
        LoadedModel model,
        ImmutableArray<ComponentAddress> addresses,
        ImmutableArray<StudyPrompt> prompts,
        IProgress<SweepProgress>? progress,
        CancellationToken cancellation
    )
    {
        var rows = addresses.Select(_ => new NumericArray[prompts.Length]).ToArray();
        using var reader = new ComponentReader(model, addresses);
        reader.Read(
            prompts,
            reading =>
            {
                for (var place = 0; place < rows.Length; place++)
                    rows[place][reading.Prompt] = reading.Values[place].Row(prompts[reading.Prompt].Length - 1);
            },
            progress,
            cancellation
        );
        return rows;
    }

    private static NumericArray Stacked(ReadOnlySpan<NumericArray> rows)
    {
        var all = rows.ToArray();
        return NumericArray.Of(all.SelectMany(row => row.Floats.ToArray()).ToArray(), all.Length, all[0].Length);
    }
}
