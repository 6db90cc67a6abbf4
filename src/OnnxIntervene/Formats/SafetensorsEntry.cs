using System.Collections.Immutable;
using System.Text.Json;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>What a safetensors header says about one tensor, checked against the file's length.</summary>
internal sealed record SafetensorsEntry(string Type, ImmutableArray<int> Shape, long Offset, long Length)
{
    public static SafetensorsEntry Parse(string name, JsonElement json, long start, long fileLength, string path)
    {
        if (
            json.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("dtype", out var type)
            || type.ValueKind != JsonValueKind.String
        )
            throw Fault("its dtype is missing");
        var elementBytes = ElementConversion.ByteCount(type.GetString()!);
        if (elementBytes == 0)
            throw Fault($"its dtype '{type.GetString()}' is not known");
        var shape = Numbers("shape");
        var offsets = Numbers("data_offsets");
        if (offsets is not [var begin, var end] || begin > end || end > fileLength - start)
            throw Fault("its data_offsets are not in the file");
        if (shape.Any(size => size > int.MaxValue) || ByteCount(shape, elementBytes) != end - begin)
            throw Fault(
                $"its shape [{string.Join(", ", shape)}] of {type.GetString()} does not take the {end - begin} "
                    + $"bytes that it has"
            );
        return new SafetensorsEntry(
            type.GetString()!,
            [.. shape.Select(size => (int)size)],
            start + begin,
            end - begin
        );

        ModelFormatException Fault(string what) => new($"'{path}', tensor '{name}': {what}.");

        List<long> Numbers(string key)
        {
            if (!json.TryGetProperty(key, out var list) || list.ValueKind != JsonValueKind.Array)
                throw Fault($"its {key} is missing");
            var numbers = new List<long>();
            foreach (var item in list.EnumerateArray())
                numbers.Add(
                    item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var number) && number >= 0
                        ? number
                        : throw Fault($"its {key} holds '{item}'")
                );
            return numbers;
        }
    }

    // -1 for a product that no file can hold.
    private static long ByteCount(List<long> shape, long elementBytes)
    {
        var count = (UInt128)elementBytes;
        foreach (var size in shape)
        {
            count *= (UInt128)size;
            if (count > long.MaxValue)
                return -1;
        }

        return (long)count;
    }
}
