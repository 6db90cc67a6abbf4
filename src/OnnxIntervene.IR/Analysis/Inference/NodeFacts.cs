using System.Collections.Immutable;

namespace OnnxIntervene.IR.Analysis.Inference;

/// <summary>A node as a rule sees it: its attributes, and what is known about its inputs.</summary>
internal sealed class NodeFacts(Node node, Func<Value, TensorFacts> facts)
{
    public Node Node => node;

    public bool Has(int input) => node.InputOrNull(input) is not null;

    public TensorFacts Input(int input) => node.InputOrNull(input) is { } value ? facts(value) : TensorFacts.Unknown;

    public TensorFacts Of(Value value) => facts(value);

    public Quantity[]? Axes(int input) => Input(input).Axes;

    public Quantity[]? Contents(int input) => Input(input).Contents;

    /// <summary>An axis of an input, counted from the end where negative; unknown where there is none.</summary>
    public Quantity Axis(int input, int axis) =>
        Axes(input) is { } axes && Place(axis, axes.Length) is { } place ? axes[place] : Quantity.Unknown;

    /// <summary>The one number of an input.</summary>
    public Quantity Single(int input) => Contents(input) is [var only] ? only : Quantity.Unknown;

    /// <summary>The numbers of an input; null where one of them is not fixed.</summary>
    public long[]? Numbers(int input) =>
        Contents(input) is { } contents && Array.TrueForAll(contents, item => item.Number is not null)
            ? [.. contents.Select(item => item.Number!.Value)]
            : null;

    /// <summary>How many elements a row has.</summary>
    public int? Length(int input) =>
        Axes(input) is [{ Number: >= 0 and <= TensorFacts.LongestContents and var length }] ? (int)length : null;

    public long Integer(string name, long otherwise) =>
        node.FindAttribute(name) is { Kind: AttributeKind.Integer } attribute ? attribute.Integer : otherwise;

    public ImmutableArray<long>? Integers(string name) =>
        node.FindAttribute(name) is { Kind: AttributeKind.Integers } attribute ? attribute.Integers : null;

    /// <summary>
    /// Numbers that older operator sets have as an attribute and newer ones as an input; null where they are computed.
    /// </summary>
    public long[]? Setting(string attribute, int input) => Has(input) ? Numbers(input) : Integers(attribute)?.ToArray();

    /// <summary>The axis of this number, counted from the end where negative; null outside the rank.</summary>
    public static int? Place(long axis, int rank) =>
        axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis) : null;

    /// <summary>The axes of these numbers; null where one is outside the rank.</summary>
    public static int[]? Places(IReadOnlyCollection<long> axes, int rank)
    {
        var places = axes.Select(axis => Place(axis, rank)).OfType<int>().ToArray();
        return places.Length == axes.Count ? places : null;
    }
}
