using System.Collections.Immutable;
using Google.Protobuf;
using OnnxIntervene.IR.Files;
using OnnxIntervene.IR.Serialization.Wire;

namespace OnnxIntervene.IR.Serialization;

/// <summary>Reads a model from the bytes of a file, leaving the contents of its tensors where they are.</summary>
internal static class ModelReader
{
    /// <summary>
    /// Reads a model. <paramref name="path"/> is the file, beside which its external tensors are looked up; null when
    /// the stream is not a file.
    /// </summary>
    /// <exception cref="ModelFormatException">The stream holds no well-formed model.</exception>
    public static Model Read(Stream stream, string? path)
    {
        var name = path ?? "model";
        var proto = Parse(WireScanner.Scan(stream, name), name);
        var place = WirePlace.File(name);
        if (proto.Graph is null)
            throw place.Fault("it has no graph. Is this an ONNX model?");
        if (proto.IrVersion is < 1 or > Model.NewestIrVersion)
            throw place.Fault($"its IR version is {proto.IrVersion}; 1 to {Model.NewestIrVersion} are supported.");
        var tensors = new TensorReader(path);
        var graph = new GraphReader(tensors, null).Read(proto.Graph, place.Inside("graph"));
        var functions = proto.Functions.Select(
            (function, index) => Function(function, tensors, place.Inside("function", index))
        );
        var model = new Model(graph, (int)proto.IrVersion, OperatorSets(proto.OpsetImport))
        {
            Functions = [.. functions],
            Metadata = ValueReader.Metadata(proto.MetadataProps),
            Producer = $"{proto.ProducerName} {proto.ProducerVersion}".Trim(),
            FilePath = path is null ? null : FolderBoundary.RealPath(path),
            Unknown = Clear(proto),
        };
        OperatorCheck.Verify(model, name);
        return model;
    }

    private static ModelProto Parse(byte[] bytes, string name)
    {
        try
        {
            return ModelProto.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException fault)
        {
            throw new ModelFormatException($"'{name}' is not an ONNX file: {fault.Message}", fault);
        }
    }

    private static LocalFunction Function(FunctionProto proto, TensorReader tensors, WirePlace place)
    {
        var body = new GraphReader(tensors, null).Read(proto, place);
        return new LocalFunction(OperatorKey.From(proto.Domain, proto.Name), body)
        {
            Overload = proto.Overload,
            RequiredAttributes = [.. proto.Attribute],
            DefaultAttributes =
            [
                .. proto.AttributeProto.Select(attribute => NodeReader.Read(attribute, tensors, null, place)),
            ],
            OperatorSets = OperatorSets(proto.OpsetImport),
            Metadata = ValueReader.Metadata(proto.MetadataProps),
            Unknown = Clear(proto),
        };
    }

    private static ImmutableSortedDictionary<string, long> OperatorSets(IEnumerable<OperatorSetIdProto> imports)
    {
        var sets = ImmutableSortedDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
        foreach (var import in imports)
            sets[OperatorKey.Normalize(import.Domain)] = import.Version;
        return sets.ToImmutable();
    }

    private static ReadOnlyMemory<byte> Clear(ModelProto proto)
    {
        proto.ClearIrVersion();
        proto.Graph = null;
        proto.OpsetImport.Clear();
        proto.Functions.Clear();
        proto.MetadataProps.Clear();
        return Remainder.Of(proto);
    }

    private static ReadOnlyMemory<byte> Clear(FunctionProto proto)
    {
        proto.ClearName();
        proto.ClearDomain();
        proto.ClearOverload();
        proto.Input.Clear();
        proto.Output.Clear();
        proto.Attribute.Clear();
        proto.AttributeProto.Clear();
        proto.Node.Clear();
        proto.OpsetImport.Clear();
        proto.ValueInfo.Clear();
        proto.MetadataProps.Clear();
        return Remainder.Of(proto);
    }
}
