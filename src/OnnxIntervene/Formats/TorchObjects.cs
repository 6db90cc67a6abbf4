using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>
/// The few torch objects that a dictionary of tensors is made of (torch/_utils.py, torch/serialization.py).
/// </summary>
internal static class TorchObjects
{
    public const string Dictionary = "collections.OrderedDict";
    public const string Tensor = "torch._utils._rebuild_tensor_v2";
    private const string Parameter = "torch._utils._rebuild_parameter";

    public static bool IsKnown(string className) =>
        className is Dictionary or Tensor or Parameter || TorchStorageType.Named(className) is not null;

    /// <summary>What a call of one of the known classes returns.</summary>
    public static PickleItem Call(string className, ImmutableArray<PickleItem> items, string path) =>
        (className, items) switch
        {
            (Dictionary, []) => new PickleDictionary([]),

            // What follows the strides (requires_grad, hooks, metadata) does not change the numbers.
            (Tensor, [PickleStorage storage, PickleNumber offset, PickleTuple shape, PickleTuple strides, ..])
                when items.Length is 6 or 7 => new PickleTensor(
                storage,
                offset.Number,
                Numbers(shape, path),
                Numbers(strides, path)
            ),
            (Parameter, [PickleTensor tensor, _, _]) => tensor,
            _ => throw new ModelFormatException(
                $"'{path}' calls '{className}' with ({string.Join(", ", items.Take(8).Select(item => item.Kind))}), "
                    + $"which is not understood."
            ),
        };

    /// <summary>The storage that a persistent id names: ("storage", class, key, device, count).</summary>
    public static PickleStorage Storage(PickleItem id, string path)
    {
        if (
            id
            is not PickleTuple
            {
                Items: [
                    PickleText { Text: "storage" },
                    PickleClass type,
                    PickleText key,
                    PickleText,
                    PickleNumber count,
                ]
            }
        )
            throw new ModelFormatException($"'{path}': {id.Kind} is found where a storage must be named.");
        return TorchStorageType.Named(type.Name) is { } known
            ? new PickleStorage(known, key.Text, count.Number)
            : throw new ModelFormatException($"'{path}': '{type.Name}' is not a class of storages.");
    }

    private static ImmutableArray<long> Numbers(PickleTuple tuple, string path) =>
        [
            .. tuple.Items.Select(item =>
                item is PickleNumber number
                    ? number.Number
                    : throw new ModelFormatException(
                        $"'{path}': {item.Kind} is among the sizes or strides of a tensor."
                    )
            ),
        ];
}
