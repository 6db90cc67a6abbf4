namespace OnnxIntervene.IR;

/// <summary>
/// The type of an attribute's value. The numbers are those of <c>AttributeProto.AttributeType</c> (onnx.proto).
/// </summary>
public enum AttributeKind
{
    /// <summary>Not stated.</summary>
    Undefined = 0,

    /// <summary>A 32-bit float.</summary>
    Float = 1,

    /// <summary>A 64-bit integer.</summary>
    Integer = 2,

    /// <summary>A byte string.</summary>
    Text = 3,

    /// <summary>A tensor.</summary>
    Tensor = 4,

    /// <summary>A graph.</summary>
    Graph = 5,

    /// <summary>32-bit floats.</summary>
    Floats = 6,

    /// <summary>64-bit integers.</summary>
    Integers = 7,

    /// <summary>Byte strings.</summary>
    Texts = 8,

    /// <summary>Tensors.</summary>
    Tensors = 9,

    /// <summary>Graphs.</summary>
    Graphs = 10,

    /// <summary>A sparse tensor.</summary>
    SparseTensor = 11,

    /// <summary>Sparse tensors.</summary>
    SparseTensors = 12,

    /// <summary>A type.</summary>
    Type = 13,

    /// <summary>Types.</summary>
    Types = 14,
}
