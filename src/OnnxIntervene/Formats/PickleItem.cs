using System.Collections.Immutable;

namespace OnnxIntervene.Formats;

/// <summary>
/// What a pickle of tensors can put on its stack. Items may hold one another in a cycle, so a walk over them needs a
/// limit.
/// </summary>
internal abstract record PickleItem(string Kind);

internal sealed record PickleNone() : PickleItem("nothing");

internal sealed record PickleTruth() : PickleItem("a boolean");

internal sealed record PickleNumber(long Number) : PickleItem("a number");

internal sealed record PickleText(string Text) : PickleItem("a text");

internal sealed record PickleTuple(ImmutableArray<PickleItem> Items) : PickleItem("a tuple");

internal sealed record PickleList(List<PickleItem> Items) : PickleItem("a list");

internal sealed record PickleDictionary(List<KeyValuePair<PickleItem, PickleItem>> Entries)
    : PickleItem("a dictionary");

internal sealed record PickleClass(string Name) : PickleItem("a class");

/// <summary>A file of the archive by its key, with the number of its elements.</summary>
internal sealed record PickleStorage(TorchStorageType Type, string Key, long Count) : PickleItem("a storage");

/// <summary>A view of a storage. Not checked against the storage's bytes yet.</summary>
internal sealed record PickleTensor(
    PickleStorage Storage,
    long Offset,
    ImmutableArray<long> Shape,
    ImmutableArray<long> Strides
) : PickleItem("a tensor");
