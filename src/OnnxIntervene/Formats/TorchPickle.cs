using OnnxIntervene.Tensors;

namespace OnnxIntervene.Formats;

/// <summary>The pickle of a state_dict, instruction for instruction as torch writes it.</summary>
internal static class TorchPickle
{
    public static byte[] Write(OrderedDictionary<string, TorchTensor> tensors)
    {
        var pickle = new PickleWriter();
        EmptyDictionary(pickle);
        pickle.Items(tensors.Select((tensor, index) => (Action)(() => Entry(pickle, tensor.Key, tensor.Value, index))));
        pickle.Put(PickleOpcode.EmptyDict);
        pickle.Text("_metadata");
        EmptyDictionary(pickle);
        pickle.Items(Modules(tensors.Keys).Select(module => (Action)(() => Version(pickle, module))));
        pickle.Add(PickleOpcode.SetItem);
        pickle.Add(PickleOpcode.Build);
        return pickle.Finish();
    }

    /// <summary>The elements' bytes in their own type.</summary>
    /// <exception cref="ArgumentException">The type is not torch's, or numbers do not fit it.</exception>
    public static ReadOnlyMemory<byte> Bytes(string name, TorchTensor tensor)
    {
        var type = TypeOf(name, tensor);
        try
        {
            return ElementConversion.Bytes(type.ElementName, tensor.Array);
        }
        catch (OverflowException fault)
        {
            throw new ArgumentException(
                $"Tensor '{name}' holds a number that {type.ElementType} cannot, or is larger than 2 GiB.",
                nameof(tensor),
                fault
            );
        }
    }

    private static TorchStorageType TypeOf(string name, TorchTensor tensor) =>
        TorchStorageType.Of(tensor.ElementType) is { } type && type.IsInteger == tensor.Array.IsInteger
            ? type
            : throw new ArgumentException(
                $"Tensor '{name}' of {tensor.Array} cannot be written as {tensor.ElementType}.",
                nameof(tensor)
            );

    private static void EmptyDictionary(PickleWriter pickle)
    {
        pickle.Class("collections", "OrderedDict");
        pickle.Add(PickleOpcode.EmptyTuple);
        pickle.Put(PickleOpcode.Reduce);
    }

    private static void Entry(PickleWriter pickle, string name, TorchTensor tensor, int index)
    {
        pickle.Text(name);
        pickle.Class("torch._utils", "_rebuild_tensor_v2");
        pickle.Add(PickleOpcode.Mark);
        Storage(pickle, TypeOf(name, tensor), index, tensor.Array.Length);
        pickle.Number(0);
        pickle.Tuple([.. tensor.Array.Shape]);
        pickle.Tuple(Strides(tensor.Array));
        pickle.Add(PickleOpcode.NewFalse);
        EmptyDictionary(pickle);
        pickle.Put(PickleOpcode.Tuple);
        pickle.Put(PickleOpcode.Reduce);
    }

    private static void Storage(PickleWriter pickle, TorchStorageType type, int index, int count)
    {
        pickle.Add(PickleOpcode.Mark);
        pickle.SharedText("storage");
        pickle.Class("torch", type.ClassName["torch.".Length..]);
        pickle.Text($"{index}");
        pickle.SharedText("cpu");
        pickle.Number(count);
        pickle.Put(PickleOpcode.Tuple);
        pickle.Add(PickleOpcode.BinPersistentId);
    }

    private static void Version(PickleWriter pickle, string module)
    {
        pickle.Text(module);
        pickle.Put(PickleOpcode.EmptyDict);
        pickle.SharedText("version");
        pickle.Number(1);
        pickle.Add(PickleOpcode.SetItem);
    }

    private static int[] Strides(NumericArray array)
    {
        var strides = new int[array.Shape.Length];
        var stride = 1;
        for (var axis = strides.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= Math.Max(1, array.Shape[axis]);
        }

        return strides;
    }

    // "a.b.weight" belongs to the modules "", "a" and "a.b".
    private static IEnumerable<string> Modules(IEnumerable<string> names) =>
        names
            .SelectMany(name =>
                name.Split('.')[..^1]
                    .Aggregate(new List<string> { "" }, (path, part) => [.. path, $"{path[^1]}.{part}"])
            )
            .Select(name => name.TrimStart('.'))
            .Prepend("")
            .Distinct();
}
