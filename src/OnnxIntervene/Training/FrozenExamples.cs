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
    private bool? _isByExample;

    /// <summary>How many examples there are.</summary>
    public int Count => count;

    /// <summary>Some examples as a batch.</summary>
    public TrainingBatch Batch(params IReadOnlyList<int> numbers) => batch(numbers);

    /// <summary>What the frozen part gives for some examples, in the order of its names.</summary>
    public IReadOnlyList<NumericArray> Base(
        TrainingSession session,
        IReadOnlyList<int> numbers,
        ModelInputs bases,
        CancellationToken cancellation
    )
    {
        var names = session.Parts.Names;
        if (names.IsEmpty)
            return [];
        if (memory is null || _isByExample == false)
            return session.ReadFrozen(bases, cancellation);
        var missing = numbers.Where(number => !_cache.Has(number, names[0])).Distinct().ToList();
        if (missing.Count > 0)
        {
            var inputs = missing.Count == numbers.Count ? bases : batch(missing).Bases;
            var values = session.ReadFrozen(inputs, cancellation);
            _isByExample ??= IsByExample(session, values, missing, cancellation);
            if (_isByExample == false)
                return session.ReadFrozen(bases, cancellation);
            for (var index = 0; index < names.Length; index++)
                Keep(missing, names[index], values[index]);
        }

        return [.. names.Select(name => NumericArray.Joined([.. numbers.Select(number => _cache.Get(number, name))]))];
    }

    /// <summary>What each intervention reads of some examples' sources.</summary>
    /// <param name="numbers">The examples.</param>
    /// <param name="sourced">The interventions that have a source's run.</param>
    /// <param name="read">Runs the sources of a batch.</param>
    public IReadOnlyDictionary<int, NumericArray> Sources(
        IReadOnlyList<int> numbers,
        IReadOnlyList<int> sourced,
        Func<IReadOnlyList<int>, IReadOnlyDictionary<int, NumericArray>> read
    )
    {
        if (sourced.Count == 0)
            return new Dictionary<int, NumericArray>();
        if (memory is null)
            return read(numbers);
        var missing = numbers.Where(number => !_cache.Has(number, Name(sourced[0]))).Distinct().ToList();
        if (missing.Count > 0)
        {
            foreach (var (index, rows) in read(missing))
                Keep(missing, Name(index), rows);
        }

        return sourced.ToDictionary(
            index => index,
            index => NumericArray.Joined([.. numbers.Select(number => _cache.Get(number, Name(index)))])
        );
    }

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();

    private static string Name(int index) => $"source {index}";

    private void Keep(List<int> numbers, string name, NumericArray rows)
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
        TrainingSession session,
        IReadOnlyList<NumericArray> values,
        List<int> numbers,
        CancellationToken cancellation
    )
    {
        if (numbers.Count == 1)
            return count == 1 ? true : null;
        if (values.Any(value => value.Shape.Length == 0 || value.Shape[0] % numbers.Count != 0))
            return false;
        var alone = session.ReadFrozen(batch([numbers[^1]]).Bases, cancellation);
        return values.Zip(alone).All(pair => AreNear(Part(pair.First, numbers.Count - 1, numbers.Count), pair.Second));
    }

    private static bool AreNear(NumericArray one, NumericArray other)
    {
        if (!one.Shape.SequenceEqual(other.Shape))
            return false;
        var (largest, difference) = (0f, 0f);
        for (var index = 0; index < one.Length; index++)
        {
            largest = Math.Max(largest, Math.Abs(other.Floats[index]));
            difference = Math.Max(difference, Math.Abs(one.Floats[index] - other.Floats[index]));
        }

        return difference <= Tolerance * largest;
    }
}
