using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using OnnxIntervene.Formats;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>
/// Where a training stands, as one safetensors file: written beside the old one and renamed, so that it is whole
/// whenever the process ends.
/// </summary>
internal sealed class FitCheckpoint(string path, Trainer trainer, TrainingSet set, FitOptions options)
{
    private const string Identity = "identity";
    private const string Counters = "counters";
    private const string Losses = "losses";
    private const string Accuracies = "accuracies";
    private const string HeldOut = "held_out";

    private readonly NumericArray _identity = IdentityOf(trainer, set, options);

    /// <summary>Puts the trainer where the checkpoint has it; null where there is no checkpoint.</summary>
    /// <exception cref="InterventionException">It is another training's.</exception>
    /// <exception cref="ModelFormatException">The file is no checkpoint.</exception>
    public FitState? Read()
    {
        if (!File.Exists(path))
            return null;
        var file = SafetensorsFile.Open(path);
        if (!Array(file, Identity).Integers.SequenceEqual(_identity.Integers))
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
            state.Best =
            [
                .. trainer.Trained.Parameters.Select((parameter, index) => Shaped(file, $"{index}.best", parameter)),
            ];
        return state;
    }

    /// <summary>Replaces the checkpoint.</summary>
    public void Write(FitState state)
    {
        var arrays = new List<KeyValuePair<string, NumericArray>>
        {
            new(Identity, _identity),
            new(
                Counters,
                Integers(
                    state.Epoch,
                    state.Batch,
                    state.BestEpoch,
                    trainer.StepCount,
                    trainer.Sum.Count,
                    state.Best.Count
                )
            ),
            new(Losses, Bits(state.Losses)),
            new(Accuracies, Bits(state.Accuracies)),
            new(HeldOut, Bits(state.HeldOut)),
        };
        for (var index = 0; index < trainer.Trained.Parameters.Length; index++)
            arrays.AddRange(Parameter(index, state));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        SafetensorsFile.Write(path, arrays.ToDictionary());
    }

    private IEnumerable<KeyValuePair<string, NumericArray>> Parameter(int index, FitState state)
    {
        var array = trainer.Trained.Parameters[index].Array;
        yield return new($"{index}.free", array.Free);
        foreach (var (name, kept) in array.State)
            yield return new($"{index}.state.{name}", kept);
        if (state.Best.Count > 0)
            yield return new($"{index}.best", state.Best[index]);
        var moments = trainer.Optimizer.Moments[index];
        for (var number = 0; number < moments.Length; number++)
            yield return new($"{index}.moment.{number}", NumericArray.Of(moments[number], moments[number].Length));
        if (trainer.Sum.Count > 0)
            yield return new($"{index}.sum", NumericArray.Of(trainer.Sum.Sums[index], trainer.Sum.Sums[index].Length));
    }

    private void Restore(SafetensorsFile file, int steps, int summed)
    {
        var parameters = trainer.Trained.Parameters;
        for (var index = 0; index < parameters.Length; index++)
        {
            var number = index;
            parameters[index].Array.Move(Shaped(file, $"{index}.free", parameters[index]));
            parameters[index].Array.Restore(name => Array(file, $"{number}.state.{name}"));
        }

        trainer.Optimizer.Restore(steps, (index, number) => Floats(file, $"{index}.moment.{number}", index));
        trainer.Sum.Restore(
            summed == 0
                ? []
                : Enumerable.Range(0, parameters.Length).Select(index => Floats(file, $"{index}.sum", index)),
            summed
        );
    }

    private NumericArray Shaped(SafetensorsFile file, string name, TrainedParameter parameter)
    {
        var (array, free) = (Array(file, name), parameter.Array.Free);
        return array.Shape.SequenceEqual(free.Shape) && !array.IsInteger
            ? array
            : throw new ModelFormatException($"'{path}': '{name}' is {array}, not {free}.");
    }

    private float[] Floats(SafetensorsFile file, string name, int index)
    {
        var array = Array(file, name);
        return !array.IsInteger && array.Length == trainer.Trained.Parameters[index].Array.Free.Length
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

    // Everything that the course of a training depends on.
    private static NumericArray IdentityOf(Trainer trainer, TrainingSet set, FitOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var file = trainer.Model.File.Path;
        Add(FormattableString.Invariant($"{Path.GetFileName(file)} {new FileInfo(file).Length} {trainer.Options} "));
        Add(FormattableString.Invariant($"{options.Epochs} {options.BatchSize} {options.Shuffles} {options.Seed} "));
        Add(FormattableString.Invariant($"{options.Patience} {options.HeldOut?.Count} "));
        Add(trainer.Model.Config.ToJson());
        foreach (var parameter in trainer.Trained.Parameters)
            hash.AppendData(MemoryMarshal.AsBytes(parameter.Array.Free.Floats));
        foreach (var example in set.Examples.Concat(options.HeldOut?.Examples ?? []))
            Append(example);
        return NumericArray.Of(MemoryMarshal.Cast<byte, long>(hash.GetHashAndReset()).ToArray(), 4);

        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));

        void Append(TrainingExample example)
        {
            Add(example.Label.ToString(CultureInfo.InvariantCulture));
            foreach (var inputs in example.Sources.OfType<ModelInputs>().Prepend(example.Base))
            foreach (var (name, array) in inputs.Arrays.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                Add(name);
                hash.AppendData(
                    array.IsInteger ? MemoryMarshal.AsBytes(array.Integers) : MemoryMarshal.AsBytes(array.Floats)
                );
            }

            Add(Places(example));
        }
    }

    private static string Places(TrainingExample example)
    {
        var text = new StringBuilder();
        foreach (var location in (example.UnitLocations?.Sources ?? []).Concat(example.UnitLocations?.Base ?? []))
        {
            text.Append(location?.Anchor).Append('|');
            foreach (
                var row in (location?.Units ?? []).Concat(location?.Heads is { IsDefault: false } heads ? heads : [])
            )
                text.AppendJoin(',', row).Append(';');
        }

        foreach (var rows in example.Subspaces?.Rows ?? [])
        foreach (var row in rows ?? [])
            text.AppendJoin(',', row).Append('/');
        return text.ToString();
    }
}
