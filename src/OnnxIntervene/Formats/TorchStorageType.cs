using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>
/// A class of torch's storages: its name in a pickle, its element type, and that type's name in safetensors.
/// </summary>
internal sealed record TorchStorageType(string ClassName, ElementType ElementType, string ElementName)
{
    private static readonly ImmutableArray<TorchStorageType> s_all =
    [
        new("torch.FloatStorage", ElementType.Float32, "F32"),
        new("torch.DoubleStorage", ElementType.Float64, "F64"),
        new("torch.HalfStorage", ElementType.Float16, "F16"),
        new("torch.BFloat16Storage", ElementType.BFloat16, "BF16"),
        new("torch.LongStorage", ElementType.Int64, "I64"),
        new("torch.IntStorage", ElementType.Int32, "I32"),
        new("torch.ShortStorage", ElementType.Int16, "I16"),
        new("torch.CharStorage", ElementType.Int8, "I8"),
        new("torch.ByteStorage", ElementType.UInt8, "U8"),
        new("torch.BoolStorage", ElementType.Bool, "BOOL"),
    ];

    /// <summary>Bytes of one element.</summary>
    public int ElementBytes => ElementConversion.ByteCount(ElementName);

    /// <summary>Whether arrays hold the elements as integers.</summary>
    public bool IsInteger =>
        ElementType is not (ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16);

    /// <summary>The storage that a pickle names; null for any other class.</summary>
    public static TorchStorageType? Named(string className) =>
        s_all.FirstOrDefault(type => type.ClassName == className);

    /// <summary>The storage for a type of element; null where torch's files have none.</summary>
    public static TorchStorageType? Of(ElementType elementType) =>
        s_all.FirstOrDefault(type => type.ElementType == elementType);
}
