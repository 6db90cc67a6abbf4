using System.Collections.Immutable;
using OnnxIntervene.IR.Serialization.Wire;

namespace OnnxIntervene.IR.Serialization;

/// <summary>Writes types and metadata.</summary>
internal static class ValueWriter
{
    public static ValueInfoProto Write(Value value)
    {
        var proto = new ValueInfoProto();
        Remainder.Restore(proto, value.Unknown);
        proto.Name = value.Name;
        if (value.Type is null && value.OpaqueType.IsEmpty)
            return proto;
        proto.Type = new TypeProto();
        Remainder.Restore(proto.Type, value.OpaqueType);
        if (value.Type is { } type)
            proto.Type.TensorType = Write(type);
        return proto;
    }

    public static IEnumerable<StringStringEntryProto> Write(ImmutableArray<KeyValuePair<string, string>> metadata) =>
        metadata.Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value });

    private static TypeProto.Types.Tensor Write(TensorType type)
    {
        var proto = new TypeProto.Types.Tensor { ElemType = (int)type.ElementType };
        if (type.Shape is { } shape)
        {
            proto.Shape = new TensorShapeProto();
            proto.Shape.Dim.AddRange(shape.Dimensions.Select(Write));
        }

        return proto;
    }

    private static TensorShapeProto.Types.Dimension Write(Dimension dimension)
    {
        var proto = new TensorShapeProto.Types.Dimension();
        if (dimension.Size is { } size)
            proto.DimValue = size;
        else if (dimension.Symbol is { } symbol)
            proto.DimParam = symbol;
        if (dimension.Denotation is { } denotation)
            proto.Denotation = denotation;
        return proto;
    }
}
