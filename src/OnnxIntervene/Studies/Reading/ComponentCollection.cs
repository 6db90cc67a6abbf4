using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Studies.Reading;

/// <summary>Collects components over many examples, some at a time.</summary>
public static class ComponentCollection
{
    /// <summary>What each of a configuration's Collect interventions reads, for all examples.</summary>
    /// <param name="model">The model.</param>
    /// <param name="config">The interventions, all of the kind Collect.</param>
    /// <param name="inputs">The examples, a row each.</param>
    /// <param name="options">How many run together, and where parts are kept.</param>
    /// <param name="progress">Told how many examples are done.</param>
    /// <param name="cancellation">Ends the runs early; parts that are done stay.</param>
    /// <exception cref="InterventionException">
    /// The examples do not fit the model, or the parts are another collection's.
    /// </exception>
    /// <exception cref="ModelFormatException">A part is not one.</exception>
    /// <exception cref="IOException">A part cannot be read or written.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime stopped a run.</exception>
    /// <exception cref="OperationCanceledException">The runs were cancelled.</exception>
    public static ImmutableArray<NumericArray> Run(
        LoadedModel model,
        IntervenableConfig config,
        ModelInputs inputs,
        CollectionOptions? options = null,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(inputs);
        options ??= new CollectionOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        using var collecting = model.With(config);
        if (inputs.BatchSize <= options.BatchSize || !CanSplit(model, inputs))
            return Collect(collecting, inputs, cancellation);
        var parts = options.Parts is { } folder ? new CollectionParts(folder, collecting, inputs) : null;
        var done = new List<ImmutableArray<NumericArray>>();
        for (var first = 0; first < inputs.BatchSize; first += options.BatchSize)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(options.BatchSize, inputs.BatchSize - first);
            done.Add(
                parts?.Find(first, count)
                    ?? Kept(parts, first, count, Collect(collecting, Rows(inputs, first, count), cancellation))
            );
            progress?.Report(new SweepProgress(first + count, inputs.BatchSize));
        }

        return
        [
            .. Enumerable
                .Range(0, done[0].Length)
                .Select(site => NumericArray.Joined([.. done.Select(part => part[site])])),
        ];
    }

    private static ImmutableArray<NumericArray> Collect(
        IntervenableModel collecting,
        ModelInputs inputs,
        CancellationToken cancellation
    )
    {
        var settings = new RunSettings { Outputs = [] };
        return [.. collecting.Run(inputs, settings: settings, cancellation: cancellation).Collected];
    }

    private static ImmutableArray<NumericArray> Kept(
        CollectionParts? parts,
        int first,
        int count,
        ImmutableArray<NumericArray> values
    )
    {
        parts?.Keep(first, count, values);
        return values;
    }

    // Rows are independent, and every input has one for each example.
    private static bool CanSplit(LoadedModel model, ModelInputs inputs) =>
        RowMixing.FindNode(model.Model) is null
        && inputs.Arrays.Values.All(array => array.Shape.Length == 0 || array.Shape[0] == inputs.BatchSize);

    private static ModelInputs Rows(ModelInputs inputs, int first, int count) =>
        new(
            inputs.Arrays.ToImmutableDictionary(
                item => item.Key,
                item => item.Value.Shape.Length == 0 ? item.Value : item.Value.Rows(first, count)
            )
        );
}
