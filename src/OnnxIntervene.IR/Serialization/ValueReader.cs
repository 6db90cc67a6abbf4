using System.Collections.Immutable;
using OnnxIntervene.IR.Serialization.Wire;

namespace OnnxIntervene.IR.Serialization;

/// <summary>Turns a file's value infos into types.</summary>
internal static class ValueReader
{
    /// <summary>Sets on a value what its value info says.</summary>
    public static void Apply(Value value, ValueInfoProto proto)
    {
        value.HasInfo = true;
        if (proto.Type is { } type)
        {
            value.Type = Type(type) ?? value.Type;
            value.OpaqueType = Remainder.Of(type);
        }

        proto.Type = null;
        proto.ClearName();
        value.Unknown = Remainder.Of(proto);
    }

    private static TensorType? Type(TypeProto proto)
    {
        if (proto.TensorType is not { } tensor)
            return null;
        var shape = tensor.Shape is null ? null : new Shape([.. tensor.Shape.Dim.Select(Dimension)]);
        proto.TensorType = null;
        return new TensorType((ElementType)tensor.ElemType, shape);
    }

    private static Dimension Dimension(TensorShapeProto.Types.Dimension proto)
    {
        var denotation = proto.HasDenotation ? proto.Denotation : null;
        return proto.HasDimValue
            ? new Dimension(proto.DimValue, null, denotation)
            : new Dimension(null, proto.HasDimParam && proto.DimParam.Length > 0 ? proto.DimParam : null, denotation);
    }

    /// <summary>The metadata of a message, in its order.</summary>
    public static ImmutableArray<KeyValuePair<string, string>> Metadata(IEnumerable<StringStringEntryProto> entries) =>
        [.. entries.Select(entry => KeyValuePair.Create(entry.Key, entry.Value))];
}
