using System.Globalization;
using Google.Protobuf;
using OnnxIntervene.IR.Serialization.Wire;

namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// Writes tensors: their contents inline, or a reference to where they are, as <paramref name="placement"/> decides.
/// </summary>
/// <param name="placement">The folder-relative location of a constant's contents, or null for inline.</param>
internal sealed class TensorWriter(Func<Value, FileSpan?> placement)
{
    /// <summary>The constant of a value.</summary>
    public TensorProto Write(Value value, TensorData data)
    {
        if (placement(value) is not { } span)
            return Named(Write(data), value.Name);
        var proto = Header(data);
        proto.DataLocation = 1;
        proto.ExternalData.Add(Entry("location", span.Path));
        proto.ExternalData.Add(Entry("offset", span.Offset.ToString(CultureInfo.InvariantCulture)));
        proto.ExternalData.Add(Entry("length", span.Length.ToString(CultureInfo.InvariantCulture)));
        return Named(proto, value.Name);
    }

    /// <summary>A tensor with its contents inline.</summary>
    public static TensorProto Write(TensorData data)
    {
        var proto = Header(data);
        if (data.ElementType == ElementType.Text)
            proto.StringData.AddRange(data.Texts.Select(text => UnsafeByteOperations.UnsafeWrap(text)));
        else
            proto.RawData = UnsafeByteOperations.UnsafeWrap(data.ReadBytes());
        if (data.Name.Length > 0)
            proto.Name = data.Name;
        return proto;
    }

    /// <summary>A sparse tensor with its contents inline.</summary>
    public static SparseTensorProto Write(SparseTensorData data, string name)
    {
        var proto = new SparseTensorProto();
        Remainder.Restore(proto, data.Unknown);
        proto.Values = Named(Write(data.Values), name);
        proto.Indices = Write(data.Indices);
        proto.Dims.AddRange(data.Dimensions);
        return proto;
    }

    private static TensorProto Named(TensorProto proto, string name)
    {
        if (name.Length > 0)
            proto.Name = name;
        return proto;
    }

    private static TensorProto Header(TensorData data)
    {
        var proto = new TensorProto();
        Remainder.Restore(proto, data.Unknown);
        proto.DataType = (int)data.ElementType;
        proto.Dims.AddRange(data.Dimensions);
        return proto;
    }

    private static StringStringEntryProto Entry(string key, string content) => new() { Key = key, Value = content };
}
