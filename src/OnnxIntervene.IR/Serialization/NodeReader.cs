using System.Collections.Immutable;
using Google.Protobuf;
using OnnxIntervene.IR.Serialization.Wire;

namespace OnnxIntervene.IR.Serialization;

/// <summary>Turns a file's nodes and attributes into the IR's.</summary>
internal static class NodeReader
{
    /// <summary>The node without inputs, outputs and attributes, which need names to be known first.</summary>
    public static Node Create(NodeProto proto) =>
        new(proto.Name, OperatorKey.From(proto.Domain, proto.OpType))
        {
            Overload = proto.Overload,
            Metadata = ValueReader.Metadata(proto.MetadataProps),
        };

    /// <summary>What the IR does not model of a node; the message is consumed.</summary>
    public static ReadOnlyMemory<byte> Clear(NodeProto proto)
    {
        proto.Input.Clear();
        proto.Output.Clear();
        proto.Attribute.Clear();
        proto.MetadataProps.Clear();
        proto.ClearName();
        proto.ClearOpType();
        proto.ClearDomain();
        proto.ClearOverload();
        return Remainder.Of(proto);
    }

    /// <summary>An attribute of a node, its graphs wired into the names of <paramref name="scope"/>.</summary>
    public static NodeAttribute Read(AttributeProto proto, TensorReader tensors, GraphReader? scope, WirePlace place)
    {
        var here = place.Inside($"attribute '{proto.Name}'");
        var kind = KindOf(proto);
        var content = proto.RefAttrName.Length > 0 ? null : Content(proto, kind, tensors, scope, here);
        var (name, reference) = (proto.Name, proto.RefAttrName);
        return NodeAttribute.Create(name, kind, content, reference, Clear(proto));
    }

    // Files before IR 3 leave the type out; there the field that is present says it.
    private static AttributeKind KindOf(AttributeProto proto) =>
        (AttributeKind)proto.Type switch
        {
            AttributeKind.Undefined when proto.HasF => AttributeKind.Float,
            AttributeKind.Undefined when proto.HasI => AttributeKind.Integer,
            AttributeKind.Undefined when proto.HasS => AttributeKind.Text,
            AttributeKind.Undefined when proto.T is not null => AttributeKind.Tensor,
            AttributeKind.Undefined when proto.G is not null => AttributeKind.Graph,
            AttributeKind.Undefined when proto.Floats.Count > 0 => AttributeKind.Floats,
            AttributeKind.Undefined when proto.Ints.Count > 0 => AttributeKind.Integers,
            AttributeKind.Undefined when proto.Strings.Count > 0 => AttributeKind.Texts,
            AttributeKind.Undefined when proto.Tensors.Count > 0 => AttributeKind.Tensors,
            AttributeKind.Undefined when proto.Graphs.Count > 0 => AttributeKind.Graphs,
            var kind => kind,
        };

    private static object? Content(
        AttributeProto proto,
        AttributeKind kind,
        TensorReader tensors,
        GraphReader? scope,
        WirePlace place
    ) =>
        kind switch
        {
            AttributeKind.Float => proto.F,
            AttributeKind.Integer => proto.I,
            AttributeKind.Text => proto.S.Memory,
            AttributeKind.Tensor => tensors.Read(Need(proto.T, place), place),
            AttributeKind.Graph => new GraphReader(tensors, scope).Read(Need(proto.G, place), place.Inside("graph")),
            AttributeKind.Floats => proto.Floats.ToImmutableArray(),
            AttributeKind.Integers => proto.Ints.ToImmutableArray(),
            AttributeKind.Texts => proto.Strings.Select(text => text.Memory).ToImmutableArray(),
            AttributeKind.Tensors => proto.Tensors.Select(tensor => tensors.Read(tensor, place)).ToImmutableArray(),
            AttributeKind.Graphs => proto
                .Graphs.Select(
                    (graph, index) => new GraphReader(tensors, scope).Read(graph, place.Inside("graph", index))
                )
                .ToImmutableArray(),
            AttributeKind.SparseTensor => ImmutableArray.Create(tensors.Read(Need(proto.SparseTensor, place), place)),
            AttributeKind.SparseTensors => proto
                .SparseTensors.Select(tensor => tensors.Read(tensor, place))
                .ToImmutableArray(),
            AttributeKind.Type => ImmutableArray.Create<ReadOnlyMemory<byte>>(Need(proto.Tp, place).ToByteArray()),
            AttributeKind.Types => proto
                .TypeProtos.Select(type => (ReadOnlyMemory<byte>)type.ToByteArray())
                .ToImmutableArray(),
            AttributeKind.Undefined => null,
            _ => throw place.Fault($"the attribute's type is {(int)kind}, which is unknown."),
        };

    private static T Need<T>(T? content, WirePlace place)
        where T : class => content ?? throw place.Fault("the attribute lacks the content that its type requires.");

    private static ReadOnlyMemory<byte> Clear(AttributeProto proto)
    {
        proto.T = null;
        proto.G = null;
        proto.Tp = null;
        proto.SparseTensor = null;
        proto.ClearName();
        proto.ClearType();
        proto.ClearF();
        proto.ClearI();
        proto.ClearS();
        proto.ClearRefAttrName();
        proto.Floats.Clear();
        proto.Ints.Clear();
        proto.Strings.Clear();
        proto.Tensors.Clear();
        proto.Graphs.Clear();
        proto.SparseTensors.Clear();
        proto.TypeProtos.Clear();
        return Remainder.Of(proto);
    }
}
