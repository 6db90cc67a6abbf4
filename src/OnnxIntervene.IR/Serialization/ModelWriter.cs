using System.Collections.Immutable;
using Google.Protobuf;
using OnnxIntervene.IR.Serialization.Wire;

namespace OnnxIntervene.IR.Serialization;

/// <summary>Turns the IR's wiring back into names.</summary>
internal sealed class ModelWriter(TensorWriter tensors)
{
    public ModelProto Write(Model model)
    {
        var proto = new ModelProto();
        Remainder.Restore(proto, model.Unknown);
        proto.IrVersion = model.IrVersion;
        proto.Graph = Write(model.Graph);
        proto.OpsetImport.AddRange(OperatorSets(model.OperatorSets));
        proto.Functions.AddRange(model.Functions.Select(Write));
        proto.MetadataProps.AddRange(ValueWriter.Write(model.Metadata));
        return proto;
    }

    private GraphProto Write(Graph graph)
    {
        var proto = new GraphProto();
        Remainder.Restore(proto, graph.Unknown);
        proto.Name = graph.Name;
        proto.Input.AddRange(graph.Inputs.Select(ValueWriter.Write));
        proto.Output.AddRange(graph.Outputs.Select(ValueWriter.Write));
        foreach (var value in graph.Initializers)
        {
            if (value.Initializer is { } data)
                proto.Initializer.Add(tensors.Write(value, data));
            else if (value.SparseInitializer is { } sparse)
                proto.SparseInitializer.Add(TensorWriter.Write(sparse, value.Name));
        }

        proto.Node.AddRange(graph.Nodes.Select(Write));
        proto.ValueInfo.AddRange(ValueInfos(graph));
        proto.MetadataProps.AddRange(ValueWriter.Write(graph.Metadata));
        return proto;
    }

    private static IEnumerable<ValueInfoProto> ValueInfos(Graph graph)
    {
        var outputs = graph.Outputs.ToHashSet();
        var inner = graph
            .Nodes.SelectMany(node => node.Outputs.OfType<Value>())
            .Where(value => !outputs.Contains(value) && (value.HasInfo || value.Type is not null));
        var constants = graph.Initializers.Where(value =>
            value.HasInfo && !graph.IsInput(value) && !outputs.Contains(value)
        );
        return constants
            .Concat(inner)
            .Select(ValueWriter.Write)
            .Concat(graph.StrayValueInfos.Select(info => ValueInfoProto.Parser.ParseFrom(info.Span)));
    }

    private NodeProto Write(Node node)
    {
        var proto = new NodeProto();
        Remainder.Restore(proto, node.Unknown);
        proto.Input.AddRange(node.Inputs.Select(input => input?.Name ?? ""));
        proto.Output.AddRange(node.Outputs.Select(output => output?.Name ?? ""));
        if (node.Name.Length > 0)
            proto.Name = node.Name;
        proto.OpType = node.Operator.Name;
        if (node.Operator.Domain.Length > 0)
            proto.Domain = node.Operator.Domain;
        if (node.Overload.Length > 0)
            proto.Overload = node.Overload;
        proto.Attribute.AddRange(node.Attributes.Select(Write));
        proto.MetadataProps.AddRange(ValueWriter.Write(node.Metadata));
        return proto;
    }

    private AttributeProto Write(NodeAttribute attribute)
    {
        var proto = new AttributeProto();
        Remainder.Restore(proto, attribute.Unknown);
        proto.Name = attribute.Name;
        proto.Type = (AttributeProto.Types.AttributeType)attribute.Kind;
        if (attribute.ReferenceName.Length > 0)
            proto.RefAttrName = attribute.ReferenceName;
        else
            WriteContent(proto, attribute);
        return proto;
    }

    private void WriteContent(AttributeProto proto, NodeAttribute attribute)
    {
        switch (attribute.Kind)
        {
            case AttributeKind.Float:
                proto.F = attribute.Float;
                break;
            case AttributeKind.Integer:
                proto.I = attribute.Integer;
                break;
            case AttributeKind.Text:
                proto.S = UnsafeByteOperations.UnsafeWrap(attribute.Bytes);
                break;
            case AttributeKind.Tensor:
                proto.T = TensorWriter.Write(attribute.Tensor);
                break;
            case AttributeKind.Graph:
                proto.G = Write(attribute.Graph);
                break;
            case AttributeKind.SparseTensor:
                proto.SparseTensor = TensorWriter.Write(
                    attribute.SparseTensors[0],
                    attribute.SparseTensors[0].Values.Name
                );
                break;
            case AttributeKind.Type:
                proto.Tp = TypeProto.Parser.ParseFrom(attribute.Types[0].Span);
                break;
            default:
                WriteList(proto, attribute);
                break;
        }
    }

    private void WriteList(AttributeProto proto, NodeAttribute attribute)
    {
        switch (attribute.Kind)
        {
            case AttributeKind.Floats:
                proto.Floats.AddRange(attribute.Floats);
                break;
            case AttributeKind.Integers:
                proto.Ints.AddRange(attribute.Integers);
                break;
            case AttributeKind.Texts:
                proto.Strings.AddRange(attribute.Texts.Select(text => UnsafeByteOperations.UnsafeWrap(text)));
                break;
            case AttributeKind.Tensors:
                proto.Tensors.AddRange(attribute.Tensors.Select(TensorWriter.Write));
                break;
            case AttributeKind.Graphs:
                proto.Graphs.AddRange(attribute.Graphs.Select(Write));
                break;
            case AttributeKind.SparseTensors:
                proto.SparseTensors.AddRange(
                    attribute.SparseTensors.Select(data => TensorWriter.Write(data, data.Values.Name))
                );
                break;
            case AttributeKind.Types:
                proto.TypeProtos.AddRange(attribute.Types.Select(type => TypeProto.Parser.ParseFrom(type.Span)));
                break;
            default:
                break;
        }
    }

    private FunctionProto Write(LocalFunction function)
    {
        var proto = new FunctionProto();
        Remainder.Restore(proto, function.Unknown);
        proto.Name = function.Key.Name;
        proto.Domain = function.Key.Domain;
        if (function.Overload.Length > 0)
            proto.Overload = function.Overload;
        proto.Input.AddRange(function.Body.Inputs.Select(input => input.Name));
        proto.Output.AddRange(function.Body.Outputs.Select(output => output.Name));
        proto.Attribute.AddRange(function.RequiredAttributes);
        proto.AttributeProto.AddRange(function.DefaultAttributes.Select(Write));
        proto.Node.AddRange(function.Body.Nodes.Select(Write));
        proto.OpsetImport.AddRange(OperatorSets(function.OperatorSets));
        proto.ValueInfo.AddRange(function.Body.AllValues().Where(value => value.HasInfo).Select(ValueWriter.Write));
        proto.MetadataProps.AddRange(ValueWriter.Write(function.Metadata));
        return proto;
    }

    private static IEnumerable<OperatorSetIdProto> OperatorSets(ImmutableSortedDictionary<string, long> sets) =>
        sets.Select(set => new OperatorSetIdProto { Domain = set.Key, Version = set.Value });
}
