using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using OnnxIntervene.Execution;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Training;

/// <summary>Everything that the course of a training depends on.</summary>
internal static class FitIdentity
{
    /// <summary>Numbers that are the same for the same training alone.</summary>
    public static NumericArray Of(Trainer trainer, TrainingSet set, FitOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(FormattableString.Invariant($"{ModelIdentity.At(trainer.Model.File.Path)} {trainer.Options} "));
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
