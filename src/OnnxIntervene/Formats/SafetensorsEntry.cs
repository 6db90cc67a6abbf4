using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Json;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>What a safetensors header says about one tensor, checked against the file's length.</summary>
internal sealed record SafetensorsEntry(string Type, ImmutableArray<int> Shape, long Offset, long Length)
{
    public static SafetensorsEntry Parse(JsonPlace json, long start, long fileLength, string path)
    {
        var type = json.WithObject()["dtype"].Text("the name of an element type");
        var elementBytes = ElementConversion.ByteCount(type);
        if (elementBytes == 0)
            throw Fault($"its dtype '{type}' is not known");
        var shape = json["shape"].Integers(0);
        var offsets = json["data_offsets"].Items().Select(offset => offset.Whole(0)).Take(3).ToList();
        if (offsets is not [var begin, var end] || begin > end || end > fileLength - start)
            throw Fault("its data_offsets are not in the file");
        if (SizeProduct.Of(shape, elementBytes) != end - begin)
            throw Fault(
                $"its shape [{string.Join(", ", shape)}] of {type} does not take the {end - begin} bytes that it has"
            );
        return new SafetensorsEntry(type, [.. shape], start + begin, end - begin);

        ModelFormatException Fault(string what) => new($"'{path}', tensor '{json.Name}': {what}.");
    }
}
