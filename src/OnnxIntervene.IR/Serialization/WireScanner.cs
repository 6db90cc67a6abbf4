using Google.Protobuf;

namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// Copies a model file without the bytes of its tensors. Instead, each tensor gets an <c>in_file</c> field that says
/// where they are, so what is parsed afterwards is small however large the weights are (protobuf encoding:
/// protobuf.dev/programming-guides/encoding).
/// </summary>
internal sealed class WireScanner(WireInput input)
{
    /// <summary>Longer raw contents stay in the file. ONNX Runtime needs contents up to this length inline.</summary>
    public const int LargestInline = 1024;

    private const int DeepestNesting = 80;
    private const long LargestOtherField = 256L << 20;
    private const uint InFileTag = (536870911u << 3) | 2;

    private enum Part
    {
        Other,
        Model,
        Graph,
        Node,
        Attribute,
        Tensor,
        SparseTensor,
        Function,
    }

    /// <summary>The file without tensor contents.</summary>
    /// <exception cref="ModelFormatException">The file is not protobuf, is cut off, or lies about a length.</exception>
    public static byte[] Scan(Stream stream, string name)
    {
        var input = new WireInput(stream, name);
        if (input.Length == 0)
            throw new ModelFormatException($"'{name}' is empty. Fetch the model again.");
        var output = new MemoryStream();
        new WireScanner(input).Message(Part.Model, input.Length, output, WirePlace.File(name), 0);
        return output.ToArray();
    }

    private void Message(Part part, long end, MemoryStream output, WirePlace place, int depth)
    {
        if (depth > DeepestNesting)
            throw place.Fault($"more than {DeepestNesting} levels of nesting.");
        var counts = new Dictionary<int, int>();
        while (input.Position < end)
        {
            var start = input.Position;
            var tag = input.ReadVarint(place);
            var field = (int)Math.Min(tag >> 3, int.MaxValue);
            if (field is 0 or > 536870911)
                throw place.Fault($"no field begins at byte {start}. Is this an ONNX file?");
            if (part == Part.Tensor && field == 536870911)
                throw place.Fault($"the field at byte {start} is reserved.");
            Field(part, field, tag, end, output, place, counts, depth);
        }

        if (input.Position > end)
            throw place.Fault($"a field runs beyond byte {end}, where the field that contains it ends.");
    }

    private void Field(
        Part part,
        int field,
        ulong tag,
        long end,
        MemoryStream output,
        WirePlace place,
        Dictionary<int, int> counts,
        int depth
    )
    {
        switch (tag & 7)
        {
            case 0:
                WriteVarint(output, tag);
                WriteVarint(output, input.ReadVarint(place));
                break;
            case 1:
                Fixed(output, tag, 8, end, place);
                break;
            case 5:
                Fixed(output, tag, 4, end, place);
                break;
            case 2:
                var index = counts[field] = counts.GetValueOrDefault(field, -1) + 1;
                Delimited(part, field, tag, end, output, place, index, depth);
                break;
            default:
                throw place.Fault(
                    $"the field before byte {input.Position} is of wire type {tag & 7}, which ONNX files do not use."
                );
        }
    }

    private void Fixed(MemoryStream output, ulong tag, int count, long end, WirePlace place)
    {
        if (count > end - input.Position)
            throw place.Fault($"the number at byte {input.Position} runs beyond byte {end}, where its field ends.");
        WriteVarint(output, tag);
        input.CopyTo(output, count);
    }

    private void Delimited(
        Part part,
        int field,
        ulong tag,
        long end,
        MemoryStream output,
        WirePlace place,
        int index,
        int depth
    )
    {
        var length = input.ReadVarint(place);
        if (length > (ulong)Math.Max(0, end - input.Position))
            throw place.Fault(
                $"the field at byte {input.Position} claims {length} bytes, but only "
                    + $"{Math.Max(0, end - input.Position)} are left."
            );
        var child = ChildOf(part, field);
        if (child != Part.Other)
        {
            var inner = new MemoryStream();
            Message(
                child,
                input.Position + (long)length,
                inner,
                place.Inside(child.ToString().ToLowerInvariant(), index),
                depth + 1
            );
            WriteVarint(output, tag);
            WriteVarint(output, (ulong)inner.Length);
            inner.WriteTo(output);
        }
        else if (IsContents(part, field) && length > LargestInline)
        {
            WriteSpan(output, input.Position, (long)length);
            input.Skip((long)length);
        }
        else
        {
            Copy(output, tag, (long)length, place);
        }
    }

    private void Copy(MemoryStream output, ulong tag, long length, WirePlace place)
    {
        if (length > LargestOtherField)
            throw place.Fault(
                $"the field at byte {input.Position} is {length} bytes long and holds no tensor contents."
            );
        WriteVarint(output, tag);
        WriteVarint(output, (ulong)length);
        input.CopyTo(output, length);
    }

    // raw_data, and the packed float_data and double_data, are little-endian bytes as they are.
    private static bool IsContents(Part part, int field) => part == Part.Tensor && field is (9 or 4 or 10);

    private static Part ChildOf(Part part, int field) =>
        (part, field) switch
        {
            (Part.Model, 7) or (Part.Attribute, 6 or 11) => Part.Graph,
            (Part.Model, 25) => Part.Function,
            (Part.Graph, 1) or (Part.Function, 7) => Part.Node,
            (Part.Graph, 5) or (Part.Attribute, 5 or 10) or (Part.SparseTensor, 1 or 2) => Part.Tensor,
            (Part.Graph, 15) or (Part.Attribute, 22 or 23) => Part.SparseTensor,
            (Part.Node, 5) or (Part.Function, 11) => Part.Attribute,
            _ => Part.Other,
        };

    private static void WriteSpan(MemoryStream output, long offset, long length)
    {
        var span = new Wire.InFileSpan { Offset = offset, Length = length }.ToByteArray();
        WriteVarint(output, InFileTag);
        WriteVarint(output, (ulong)span.Length);
        output.Write(span);
    }

    private static void WriteVarint(MemoryStream output, ulong number)
    {
        for (; number >= 0x80; number >>= 7)
            output.WriteByte((byte)(number | 0x80));
        output.WriteByte((byte)number);
    }
}
