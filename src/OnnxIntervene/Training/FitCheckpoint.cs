using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;
using OnnxIntervene.Training.Parametrizations;

namespace OnnxIntervene.Training;

/// <summary>
/// Where a training stands, as one safetensors file: written beside the old one and renamed, so that it is whole
/// whenever the process ends.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="identity">What tells the training from others.</param>
/// <param name="arrays">What is trained.</param>
/// <param name="steps">How it is moved.</param>
internal sealed class FitCheckpoint(
    string path,
    NumericArray identity,
    IReadOnlyList<TrainedArray> arrays,
    GradientSteps steps
)
{
    private const string Identity = "identity";
    private const string Counters = "counters";
    private const string Losses = "losses";
    private const string Accuracies = "accuracies";
    private const string HeldOut = "held_out";

    /// <summary>Puts what is trained where the checkpoint has it; null where there is no checkpoint.</summary>
    /// <exception cref="InterventionException">It is another training's.</exception>
    /// <exception cref="ModelFormatException">The file is no checkpoint.</exception>
    public FitState? Read()
    {
        if (!File.Exists(path))
            return null;
        var file = SafetensorsFile.Open(path);
        if (!Array(file, Identity).Integers.SequenceEqual(identity.Integers))
            throw new InterventionException(
                $"'{path}' is a checkpoint of another training: its model, interventions, options or examples differ. "
                    + "Name another file, or remove this one to begin anew."
            );
        var counters = Array(file, Counters).Integers;
        var state = new FitState
        {
            Epoch = (int)counters[0],
            Batch = (int)counters[1],
            BestEpoch = (int)counters[2],
        };
        state.Losses.AddRange(Doubles(file, Losses));
        state.Accuracies.AddRange(Doubles(file, Accuracies));
        state.HeldOut.AddRange(Doubles(file, HeldOut));
        Restore(file, (int)counters[3], (int)counters[4]);
        if (counters[5] != 0)
            state.Best = [.. arrays.Select((array, index) => Shaped(file, $"{index}.best", array))];
        return state;
    }

    /// <summary>Replaces the checkpoint.</summary>
    public void Write(FitState state)
    {
        var kept = new List<KeyValuePair<string, NumericArray>>
        {
            new(Identity, identity),
            new(
                Counters,
                Integers(state.Epoch, state.Batch, state.BestEpoch, steps.Count, steps.Sum.Count, state.Best.Count)
            ),
            new(Losses, Bits(state.Losses)),
            new(Accuracies, Bits(state.Accuracies)),
            new(HeldOut, Bits(state.HeldOut)),
        };
        for (var index = 0; index < arrays.Count; index++)
            kept.AddRange(Parameter(index, state));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        SafetensorsFile.Write(path, kept.ToDictionary());
    }

    private IEnumerable<KeyValuePair<string, NumericArray>> Parameter(int index, FitState state)
    {
        var array = arrays[index];
        yield return new($"{index}.free", array.Free);
        foreach (var (name, numbers) in array.State)
            yield return new($"{index}.state.{name}", numbers);
        if (state.Best.Count > 0)
            yield return new($"{index}.best", state.Best[index]);
        var moments = steps.Optimizer.Moments[index];
        for (var number = 0; number < moments.Length; number++)
            yield return new($"{index}.moment.{number}", NumericArray.Of(moments[number], moments[number].Length));
        if (steps.Sum.Count > 0)
            yield return new($"{index}.sum", NumericArray.Of(steps.Sum.Sums[index], steps.Sum.Sums[index].Length));
    }

    private void Restore(SafetensorsFile file, int count, int summed)
    {
        for (var index = 0; index < arrays.Count; index++)
        {
            var number = index;
            arrays[index].Move(Shaped(file, $"{index}.free", arrays[index]));
            arrays[index].Restore(name => Array(file, $"{number}.state.{name}"));
        }

        steps.Optimizer.Restore(count, (index, number) => Floats(file, $"{index}.moment.{number}", index));
        steps.Sum.Restore(
            summed == 0 ? [] : Enumerable.Range(0, arrays.Count).Select(index => Floats(file, $"{index}.sum", index)),
            summed
        );
    }

    private NumericArray Shaped(SafetensorsFile file, string name, TrainedArray trained)
    {
        var (array, free) = (Array(file, name), trained.Free);
        return array.Shape.SequenceEqual(free.Shape) && !array.IsInteger
            ? array
            : throw new ModelFormatException($"'{path}': '{name}' is {array}, not {free}.");
    }

    private float[] Floats(SafetensorsFile file, string name, int index)
    {
        var array = Array(file, name);
        return !array.IsInteger && array.Length == arrays[index].Free.Length
            ? array.Floats.ToArray()
            : throw new ModelFormatException($"'{path}': '{name}' is {array}, which does not fit its parameter.");
    }

    private NumericArray Array(SafetensorsFile file, string name) =>
        file.Names.Contains(name)
            ? file.Read(name)
            : throw new ModelFormatException($"'{path}' is no checkpoint of a training: it has no '{name}'.");

    private double[] Doubles(SafetensorsFile file, string name) =>
        [.. Array(file, name).Integers.ToArray().Select(BitConverter.Int64BitsToDouble)];

    // Doubles bit by bit.
    private static NumericArray Bits(List<double> numbers) =>
        NumericArray.Of(numbers.Select(BitConverter.DoubleToInt64Bits).ToArray(), numbers.Count);

    private static NumericArray Integers(params long[] numbers) => NumericArray.Of(numbers, numbers.Length);
}
