using System.Numerics.Tensors;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>
/// What a training computes once for each example of a set: what the frozen part of the model gives for its base, and
/// what the interventions read of its sources.
/// </summary>
/// <param name="batch">Makes a batch of some examples, by their numbers.</param>
/// <param name="count">How many examples there are.</param>
/// <param name="memory">Bytes that may stay in memory, the rest goes to a file; null to keep nothing.</param>
internal sealed class FrozenExamples(Func<IReadOnlyList<int>, TrainingBatch> batch, int count, long? memory)
    : IDisposable
{
    // An example alone is computed by products of other sizes than one in a batch.
    private const double Tolerance = 1e-3;

    private readonly ExampleCache _cache = new(memory ?? 0);
    private readonly Dictionary<int, bool> _isByExample = [];

    /// <summary>How many examples there are.</summary>
    public int Count => count;

    /// <summary>An example as messages name it.</summary>
    public Func<int, string> NameOf { get; init; } = number => $"Example {number}";

    /// <summary>Some examples as a batch.</summary>
    public TrainingBatch Batch(params IReadOnlyList<int> numbers) => batch(numbers);

    /// <summary>What the frozen part of a run gives for some examples, in the order of its names.</summary>
    /// <param name="run">The number of the run among those of a batch.</param>
    /// <param name="parts">Its sessions.</param>
    /// <param name="numbers">The examples.</param>
    /// <param name="inputs">What is run for them.</param>
    /// <param name="inputsOf">What is run for others.</param>
    /// <param name="cancellation">Ends the run early.</param>
    public IReadOnlyList<NumericArray> Frozen(
        int run,
        PartSessions parts,
        IReadOnlyList<int> numbers,
        ModelInputs inputs,
        Func<IReadOnlyList<int>, ModelInputs> inputsOf,
        CancellationToken cancellation
    )
    {
        string[] names = [.. parts.Parts.Names.Select(name => $"{run} {name}")];
        if (names.Length == 0)
            return [];
        if (memory is null || !_isByExample.GetValueOrDefault(run, true))
            return Read(inputs);
        var missing = numbers.Where(number => !_cache.Has(number, names[0])).Distinct().ToList();
        if (missing.Count > 0)
        {
            var values = Read(missing.Count == numbers.Count ? inputs : inputsOf(missing));
            if (!_isByExample.ContainsKey(run) && IsByExample(values, missing, LastAlone) is { } isSo)
                _isByExample[run] = isSo;
            if (!_isByExample.GetValueOrDefault(run, true))
                return Read(inputs);
            for (var index = 0; index < names.Length; index++)
                Keep(missing, names[index], values[index]);
        }

        return [.. names.Select(name => NumericArray.Joined([.. numbers.Select(number => _cache.Get(number, name))]))];

        IReadOnlyList<NumericArray> Read(ModelInputs some) => parts.ReadFrozen(some, cancellation);

        IReadOnlyList<NumericArray> LastAlone() => Read(inputsOf([missing[^1]]));
    }

    /// <summary>What each intervention reads of some examples' sources.</summary>
    /// <param name="numbers">The examples.</param>
    /// <param name="sourced">The interventions that have a source's run.</param>
    /// <param name="isEven">Whether as many units are read of each example.</param>
    /// <param name="read">Runs the sources of a batch.</param>
    public IReadOnlyDictionary<int, NumericArray> Sources(
        IReadOnlyList<int> numbers,
        IReadOnlyList<int> sourced,
        bool isEven,
        Func<IReadOnlyList<int>, IReadOnlyDictionary<int, NumericArray>> read
    )
    {
        if (sourced.Count == 0)
            return new Dictionary<int, NumericArray>();
        if (memory is null)
            return read(numbers);
        var missing = numbers.Where(number => !_cache.Has(number, Name(sourced[0]))).Distinct().ToList();
        // Units stand one after the other: which of them are an example's is seen where it is read alone.
        foreach (var some in missing.Chunk(isEven ? Math.Max(1, missing.Count) : 1))
        {
            foreach (var (index, rows) in read(some))
                Keep(some, Name(index), rows);
        }

        return sourced.ToDictionary(
            index => index,
            index => NumericArray.Joined([.. numbers.Select(number => _cache.Get(number, Name(index)))])
        );
    }

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();

    private static string Name(int index) => $"source {index}";

    private void Keep(IReadOnlyList<int> numbers, string name, NumericArray rows)
    {
        for (var row = 0; row < numbers.Count; row++)
            _cache.Put(numbers[row], name, Part(rows, row, numbers.Count));
    }

    // Copied, so that an example does not keep its batch in memory.
    private static NumericArray Part(NumericArray rows, int row, int count)
    {
        var (size, length) = (rows.Shape[0] / count, rows.Length / count);
        return NumericArray.Of(rows.Floats.Slice(row * length, length).ToArray(), [size, .. rows.Shape.AsSpan()[1..]]);
    }

    // The last example alone must give its part of the batch: then the tensors are one example after the other, and
    // examples do not change each other.
    private bool? IsByExample(
        IReadOnlyList<NumericArray> values,
        List<int> numbers,
        Func<IReadOnlyList<NumericArray>> lastAlone
    )
    {
        if (numbers.Count == 1)
            return count == 1 ? true : null;
        if (values.Any(value => value.Shape.Length == 0 || value.Shape[0] % numbers.Count != 0))
            return false;
        return values
            .Zip(lastAlone())
            .All(pair => AreNear(Part(pair.First, numbers.Count - 1, numbers.Count), pair.Second));
    }

    private static bool AreNear(NumericArray one, NumericArray other)
    {
        if (!one.Shape.SequenceEqual(other.Shape) || one.Length == 0)
            return one.Shape.SequenceEqual(other.Shape);
        var difference = new float[one.Length];
        TensorPrimitives.Subtract(one.Floats, other.Floats, difference);
        // What is no number is near nothing.
        return Largest(difference) <= Tolerance * Largest(other.Floats);
    }

    private static float Largest(ReadOnlySpan<float> numbers) => Math.Abs(TensorPrimitives.MaxMagnitude(numbers));
}
