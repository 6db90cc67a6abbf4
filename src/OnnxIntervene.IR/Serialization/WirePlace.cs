using System.Globalization;

namespace OnnxIntervene.IR.Serialization;

/// <summary>A place in a file, written out only when a message needs it.</summary>
internal sealed record WirePlace(WirePlace? Parent, string Part, int Index)
{
    public static WirePlace File(string name) => new(null, name, -1);

    public WirePlace Inside(string part, int index = -1) => new(this, part, index);

    public ModelFormatException Fault(string what) => new($"{this}: {what}");

    public override string ToString()
    {
        var own = Index < 0 ? Part : string.Create(CultureInfo.InvariantCulture, $"{Part}[{Index}]");
        return Parent is null ? $"'{own}'"
            : Parent.Parent is null ? $"{Parent}, {own}"
            : $"{Parent}.{own}";
    }
}
